import { describe, expect, it } from 'vitest';
import { isUnderSuspicion } from '../../../src/core/rollout/rollout-state.ts';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell, NOTHING_MEASURED, shares } from '../../helpers/rollout/measurements.ts';

const tick = (life: Life) => life.send({ type: 'tick', measured: allIsWell(life.state, life.now) });

function suspect(life: Life, share: number) {
  const measured = allIsWell(life.state, life.now);
  return life.send({
    type: 'tick',
    measured: { ...measured, evidence: shares(share) },
  });
}

describe('a pause', () => {
  it('keeps the weight and stops advancing, until it is resumed', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'pause' });
    life.now += 3_600_000;
    expect(tick(life).taken).toBe(false);
    expect(life.routedPercent).toBe(30);
    life.send({ type: 'resume' });
    tick(life);
    expect(life.state.stage).toBe(4);
  });

  it('is not paused twice, and what is not paused is not resumed', () => {
    const life = new Life().reach('stage', 1);
    expect(life.send({ type: 'resume' }).taken).toBe(false);
    life.send({ type: 'pause' });
    expect(life.send({ type: 'pause' }).taken).toBe(false);
  });

  it('does not keep a rollback from happening', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'pause' });
    life.send({ type: 'verdict', component: 'live_failures', logShare: Math.log(101), facts: {} });
    expect(life.state).toMatchObject({ phase: 'rolling_back', pause: null });
  });

  it('lets a load and its probes finish, and holds back the traffic', () => {
    const life = new Life().reach('loading');
    life.send({ type: 'pause' });
    life.send({ type: 'loaded', facts: {} });
    life.send({ type: 'probes_passed', facts: {} });
    expect(life.state).toMatchObject({ phase: 'probing', proven: true });
    expect(life.routedPercent).toBe(0);
    life.send({ type: 'resume' });
    expect(life.state).toMatchObject({ phase: 'stage', stage: 1 });
    expect(life.routedPercent).toBe(5);
  });

  it('can be there from the start: nothing is asked for until it is resumed', () => {
    const life = new Life({ startPaused: true });
    expect(life.effects.map(({ type }) => type)).toEqual(['record']);
    expect(life.send({ type: 'start' }).taken).toBe(false);
    life.send({ type: 'resume' });
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'admit']);
  });

  it('expires, and then rolls back', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'pause' });
    life.now += 24 * 3_600_000 - 1;
    expect(life.send({ type: 'deadline' }).taken).toBe(false);
    life.now += 1;
    life.send({ type: 'deadline' });
    expect(life.state.rollbackReason).toBe('pause_expired');
  });
});

describe('a question', () => {
  it('pauses at the weight that it has, once', () => {
    const life = new Life().reach('stage', 2);
    const slow = { type: 'finding', finding: 'slow_probe', facts: { ms: 900 } } as const;
    life.send(slow);
    expect(life.state.pause).toMatchObject({ reason: 'slow_probe', withdrawn: false });
    expect(life.routedPercent).toBe(15);
    life.send({ type: 'resume' });
    expect(life.send(slow).taken).toBe(false);
  });

  it('of drift pauses with the figures, and does not stand in the way once a person has seen it', () => {
    const life = new Life().reach('stage', 4);
    const drifted = () => ({
      ...allIsWell(life.state, life.now),
      agreement: { pairs: 50, top1: 0.5, maxAbsoluteDifference: 3, cosine: 0.99 },
    });
    life.now += 10_000;
    life.send({ type: 'tick', measured: drifted() });
    expect(life.state.pause?.reason).toBe('drift');
    expect(life.log.at(-1)).toMatchObject({ gate: { verdict: 'ask' } });
    life.send({ type: 'resume' });
    life.send({ type: 'tick', measured: drifted() });
    expect(life.state.stage).toBe(5);
  });
});

describe('suspicion', () => {
  it('holds the ramp, and is over when the evidence has gone', () => {
    const life = new Life().reach('stage', 2);
    life.now += 10_000;
    suspect(life, 2);
    expect(life.state.hold).toEqual({ cause: 'evidence', since: life.now });
    expect(isUnderSuspicion(life.state)).toBe(true);
    life.now += 10_000;
    tick(life);
    expect(life.state).toMatchObject({ stage: 3, hold: null });
    expect(isUnderSuspicion(life.state)).toBe(false);
  });

  it('that lasts 120 s asks a person, whatever kind of event finds it out', () => {
    const life = new Life().reach('stage', 2);
    suspect(life, 5);
    life.now += 119_999;
    expect(suspect(life, 5).taken).toBe(false);
    life.now += 1;
    suspect(life, 5);
    expect(life.state.pause?.reason).toBe('evidence_hold');
  });

  it('that ended begins anew', () => {
    const life = new Life().reach('stage', 2);
    suspect(life, 5);
    life.now += 100_000;
    life.send({ type: 'tick', measured: NOTHING_MEASURED });
    expect(life.state.hold).toBeNull();
    suspect(life, 5);
    life.now += 100_000;
    expect(suspect(life, 5).taken).toBe(false);
  });
});

describe('a promotion', () => {
  it('passes a stage whatever the gate says, and ends a pause', () => {
    const life = new Life().reach('stage', 2);
    life.send({ type: 'pause' });
    life.send({ type: 'promote', toEnd: false });
    expect(life.state).toMatchObject({ phase: 'stage', stage: 3, pause: null });
    expect(life.routedPercent).toBe(30);
    expect(life.log.at(-1)).toMatchObject({ reason: 'promoted', gate: null });
  });

  it('to the end gives all traffic, and still asks the gate of that stage', () => {
    const life = new Life().reach('stage', 2);
    life.send({ type: 'promote', toEnd: true });
    expect(life.state).toMatchObject({ phase: 'stage', stage: 7 });
    expect(life.send({ type: 'promote', toEnd: true }).taken).toBe(false);
  });

  it('ends the last stage, then the bake', () => {
    const life = new Life().reach('stage', 7);
    life.send({ type: 'promote', toEnd: false });
    expect(life.state.phase).toBe('baking');
    life.send({ type: 'promote', toEnd: false });
    expect(life.state.phase).toBe('draining');
  });

  it('is refused for a version that can not answer, with what would allow it', () => {
    const life = new Life().reach('probing');
    expect(life.send({ type: 'promote', toEnd: true })).toMatchObject({
      why: '"promote" means nothing while it is probing',
    });
    life.reach('stage', 2).send({ type: 'breaker_opened', facts: {} });
    expect(life.send({ type: 'promote', toEnd: false })).toMatchObject({
      why: expect.stringContaining('the new version can answer'),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { type Finding, isFailureFinding } from '../../../src/core/rollout/reasons.ts';
import type { RolloutEvent } from '../../../src/core/rollout/rollout-events.ts';
import { outcomeOf, type Phase } from '../../../src/core/rollout/rollout-state.ts';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell, shares } from '../../helpers/rollout/measurements.ts';

const finding = (name: Finding): RolloutEvent => ({ type: 'finding', finding: name, facts: { at: 'probe 3' } });

const saturated = { type: 'saturated', forMs: 30_000, facts: {} } as const;

describe('what rolls back', () => {
  const cases: readonly (readonly [Phase, RolloutEvent, string])[] = [
    ['pending', finding('insufficient_memory'), 'insufficient_memory'],
    ['pending', finding('signature_incompatible'), 'signature_incompatible'],
    ['loading', { type: 'load_failed', facts: {} }, 'load_failed'],
    ['loading', finding('digest_mismatch'), 'digest_mismatch'],
    ['probing', finding('failed_probe'), 'failed_probe'],
    ['probing', finding('not_finite'), 'not_finite'],
    [
      'probing',
      { type: 'verdict', component: 'paired_failures', logShare: -Math.log(0.01), facts: {} },
      'evidence_pairs',
    ],
    ['stage', finding('crash_loop'), 'crash_loop'],
    ['stage', finding('changed_shape'), 'changed_shape'],
    [
      'stage',
      { type: 'verdict', component: 'live_failures', logShare: Math.log(100.1), facts: {} },
      'evidence_failures',
    ],
    ['baking', { type: 'verdict', component: 'cpu_time', logShare: Math.log(1e300), facts: {} }, 'evidence_time'],
    ['stage', { type: 'hook', name: 'sales', answer: 'rollback' }, 'hook'],
    ['stage', { type: 'abort' }, 'aborted'],
    ['draining', { type: 'supersede', by: 'r-2' }, 'superseded'],
    ['draining', finding('crash_loop'), 'crash_loop'],
  ];

  it.each(cases)('while %s, %o: %s', (phase, event, reason) => {
    const life = new Life().reach(phase);
    life.send(event);
    expect(life.state).toMatchObject({ phase: 'rolling_back', rollbackReason: reason });
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'unload_new']);
    expect(life.effects[0]).toMatchObject({ type: 'set_weight', newPercent: 0, when: 'now' });
    life.send({ type: 'unloaded' });
    expect(outcomeOf(life.state)).toBe(reason === 'aborted' ? 'aborted' : 'rolled_back');
  });

  it('includes evidence that a tick brings, before the gate is asked', () => {
    const life = new Life().reach('stage', 3);
    life.now += 60_000;
    const measured = allIsWell(life.state, life.now);
    life.send({ type: 'tick', measured: { ...measured, evidence: shares(0.6, 101) } });
    expect(life.state).toMatchObject({ phase: 'rolling_back', rollbackReason: 'evidence_pairs' });
    expect(life.log.at(-1)?.facts).toEqual({
      component: 'paired_failures',
      share: expect.closeTo(101),
      threshold: 100,
    });
  });

  it('includes it in a tick that comes after a deadline', () => {
    const life = new Life().reach('stage', 3);
    life.now += 3_600_000;
    const measured = allIsWell(life.state, life.now);
    life.send({ type: 'tick', measured: { ...measured, evidence: shares(101) } });
    expect(life.state.rollbackReason).toBe('evidence_failures');
  });

  it('does not include evidence below 1/α', () => {
    const life = new Life({ alpha: 0.5 }).reach('stage');
    expect(
      life.send({ type: 'verdict', component: 'paired_failures', logShare: Math.log(1.99), facts: {} }).taken,
    ).toBe(false);
    life.send({ type: 'verdict', component: 'wall_time', logShare: -Math.log(0.5), facts: {} });
    expect(life.state.rollbackReason).toBe('evidence_time');
  });

  it('writes down numbers that JSON can hold', () => {
    const life = new Life().reach('stage');
    life.send({ type: 'verdict', component: 'paired_failures', logShare: Infinity, facts: { ratio: NaN } });
    expect(life.log.at(-1)?.facts).toEqual({
      component: 'paired_failures',
      share: Number.MAX_VALUE,
      threshold: 100,
      ratio: null,
    });
  });
});

describe('a version that fails, with onFailure: pause', () => {
  const failing = () => new Life({ onFailure: 'pause' });

  it('is kept for a person to look at, without traffic', () => {
    const life = failing().reach('stage', 4);
    life.send(finding('crash_loop'));
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record']);
    expect(life.routedPercent).toBe(0);
    expect(life.state).toMatchObject({ phase: 'stage', stage: 4, pause: { reason: 'crash_loop', withdrawn: true } });
  });

  it('is rolled back all the same before it is loaded', () => {
    const life = failing().reach('loading');
    life.send(finding('signature_incompatible'));
    expect(life.state.phase).toBe('rolling_back');
  });

  it('starts its stage again when a person lets it pass, and is not stopped for the same finding again', () => {
    const life = failing().reach('stage', 4);
    life.send(finding('crash_loop'));
    life.now += 5000;
    life.send({ type: 'resume' });
    expect(life.routedPercent).toBe(50);
    expect(life.state).toMatchObject({ pause: null, since: life.now });
    expect(life.send(finding('crash_loop')).taken).toBe(false);
    life.send(finding('not_finite'));
    expect(life.state.pause?.reason).toBe('not_finite');
  });

  it('is convicted only on new evidence after that', () => {
    const life = failing().reach('stage', 2);
    const verdict = { type: 'verdict', component: 'paired_failures', logShare: -Math.log(0.01), facts: {} } as const;
    life.send(verdict);
    expect(life.send(verdict).taken).toBe(false);
    life.send({ type: 'resume' });
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'set_weight', 'restart_evidence']);
    expect(life.send(verdict).taken).toBe(true);
  });

  it('is probed again when it failed its probes: nobody waves that through', () => {
    const life = failing().reach('probing');
    life.send(finding('failed_probe'));
    expect(life.send({ type: 'promote', toEnd: false }).taken).toBe(false);
    expect(life.send({ type: 'probes_passed', facts: {} }).taken).toBe(false);
    life.send({ type: 'resume' });
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'probe']);
    expect(life.state).toMatchObject({ phase: 'probing', proven: false });
  });

  it('is probed again too when it had passed them before, and was found to fail while it was paused', () => {
    const life = failing().reach('probing');
    life.send({ type: 'pause' });
    const since = life.now;
    life.send({ type: 'probes_passed', facts: {} });
    life.now += 60_000;
    life.send(finding('not_finite'));
    // A pause in the place of another one keeps its time.
    expect(life.state.pause).toEqual({ reason: 'not_finite', since, withdrawn: true });
    life.send({ type: 'resume' });
    expect(life.state).toMatchObject({ phase: 'probing', proven: false, pause: null });
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'probe']);
  });

  it('is rolled back when nobody comes, with what it was paused for', () => {
    const life = failing().reach('stage', 2);
    life.send(finding('crash_loop'));
    life.expire();
    expect(life.state).toMatchObject({ phase: 'rolling_back', rollbackReason: 'pause_expired' });
    expect(life.log.at(-1)?.facts).toEqual({ pausedFor: 'crash_loop' });
  });
});

describe('a version that can not keep up', () => {
  it('goes back one stage, then is rolled back', () => {
    const life = new Life().reach('stage', 4);
    life.now += 30_000;
    life.send(saturated);
    expect(life.state).toMatchObject({ phase: 'stage', stage: 3, stepBacks: 1 });
    expect(life.routedPercent).toBe(30);
    life.reach('stage', 5);
    life.now += 30_000;
    life.send(saturated);
    expect(life.state).toMatchObject({ phase: 'rolling_back', rollbackReason: 'capacity' });
  });

  it('is not blamed at the lower weight for what was at the higher one', () => {
    const life = new Life().reach('stage', 4);
    life.now += 30_000;
    life.send(saturated);
    life.now += 29_999;
    expect(life.send({ ...saturated, forMs: 59_999 }).taken).toBe(false);
  });

  it('goes back from the bake too, and from the first stage to nothing', () => {
    const baking = new Life({ bakeMs: 60_000 }).reach('baking');
    baking.now += 30_000;
    baking.send(saturated);
    expect(baking.state).toMatchObject({ phase: 'stage', stage: 6 });
    const first = new Life().reach('stage', 1);
    first.now += 30_000;
    first.send(saturated);
    expect(first.state.rollbackReason).toBe('capacity');
  });

  it('does not start a copy of the evidence twice', () => {
    const life = new Life().reach('stage', 4);
    life.now += 30_000;
    life.send(saturated);
    life.reach('stage', 4);
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'set_weight']);
  });
});

it('a finding is a failure or a question', () => {
  expect(isFailureFinding('crash_loop')).toBe(true);
  expect(isFailureFinding('drift')).toBe(false);
});

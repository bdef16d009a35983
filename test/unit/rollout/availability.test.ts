import { describe, expect, it } from 'vitest';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell } from '../../helpers/rollout/measurements.ts';

const tick = (life: Life) => {
  life.now += 10_000;
  return life.send({ type: 'tick', measured: allIsWell(life.state, life.now) });
};

describe('an open breaker', () => {
  it('takes all traffic away before it is recorded, and asks for pairs', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'breaker_opened', facts: { failuresInRow: 3 } });
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'settle_by_pairs']);
    expect(life.routedPercent).toBe(0);
    expect(life.state).toMatchObject({ phase: 'stage', stage: 3, hold: { cause: 'breaker' } });
  });

  it('stops the ramp until pairs have settled it', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'breaker_opened', facts: {} });
    expect(tick(life).taken).toBe(false);
    life.send({ type: 'breaker_closed', facts: { pairs: 20 } });
    expect(life.routedPercent).toBe(30);
    tick(life);
    expect(life.state.stage).toBe(4);
  });

  it('that nothing settles asks a person, and then again', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'breaker_opened', facts: {} });
    life.now += 120_000;
    life.send({ type: 'deadline' });
    expect(life.state.pause?.reason).toBe('breaker');
    life.send({ type: 'resume' });
    expect(life.routedPercent).toBe(0);
    expect(life.state.hold).toEqual({ cause: 'breaker', since: life.now });
  });
});

describe('a runner that is lost', () => {
  it('has no traffic until it is back', () => {
    const life = new Life().reach('stage', 6);
    life.send({ type: 'new_lost', facts: {} });
    expect(life.routedPercent).toBe(0);
    expect(tick(life).taken).toBe(false);
    life.send({ type: 'new_ready', facts: {} });
    expect(life.routedPercent).toBe(90);
  });

  it('while it is probed is probed from the beginning', () => {
    const life = new Life().reach('probing');
    life.send({ type: 'pause' });
    life.send({ type: 'probes_passed', facts: {} });
    life.send({ type: 'new_lost', facts: {} });
    life.send({ type: 'new_ready', facts: {} });
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'probe']);
    life.send({ type: 'resume' });
    expect(life.state.phase).toBe('probing');
  });

  it('of the old version leaves all traffic to the new one, and the ramp waits', () => {
    const life = new Life().reach('stage', 1);
    life.send({ type: 'old_lost', facts: {} });
    expect(life.routedPercent).toBe(100);
    expect(tick(life).taken).toBe(false);
    life.send({ type: 'old_ready', facts: {} });
    expect(life.routedPercent).toBe(5);
  });

  it('of the new version while the old one drains keeps the old one', () => {
    const life = new Life().reach('draining');
    life.send({ type: 'new_lost', facts: {} });
    expect(life.routedPercent).toBe(0);
    expect(life.send({ type: 'drained' }).taken).toBe(false);
    life.expire();
    expect(life.state.phase).toBe('rolling_back');
  });
});

describe('a rollback while the old version is away', () => {
  it('goes to the runner that is healthy, then to the old version once that is back', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'old_lost', facts: {} });
    life.send({ type: 'abort' });
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'restore_old']);
    expect(life.routedPercent).toBe(100);
    life.send({ type: 'old_ready', facts: {} });
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'unload_new']);
    expect(life.routedPercent).toBe(0);
  });

  it('does not go to a version that was convicted', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'old_lost', facts: {} });
    life.send({ type: 'verdict', component: 'live_failures', logShare: -Math.log(0.01), facts: {} });
    expect(life.routedPercent).toBe(0);
  });

  it('does not go to a version that never had any traffic', () => {
    const life = new Life().reach('probing');
    life.send({ type: 'pause' });
    life.send({ type: 'probes_passed', facts: {} });
    life.send({ type: 'old_lost', facts: {} });
    life.send({ type: 'abort' });
    expect(life.routedPercent).toBe(0);
  });

  it('does not wait for ever', () => {
    const life = new Life().reach('stage', 3);
    life.send({ type: 'old_lost', facts: {} });
    life.send({ type: 'abort' });
    life.expire();
    expect(life.state.phase).toBe('rolled_back');
    expect(life.effects.map(({ type }) => type)).toEqual(['record', 'set_weight', 'cut_off', 'unload_new']);
  });
});

it('a drain that takes too long is cut off', () => {
  const life = new Life().reach('draining');
  life.expire();
  expect(life.state.phase).toBe('completed');
  expect(life.effects.slice(1)).toEqual([
    { type: 'cut_off', arm: 'old' },
    { type: 'keep_previous', forMs: 600_000 },
  ]);
});

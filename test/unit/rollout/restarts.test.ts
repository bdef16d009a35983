import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/core/rollout/rollout-state.ts';
import { Life } from '../../helpers/rollout/life.ts';

const restart = (clean: boolean) => ({ type: 'server_restarted', clean }) as const;

describe('after a restart of the server', () => {
  it('the old version serves at once, and the update goes on at the start of its stage', () => {
    const life = new Life().reach('stage', 4);
    life.now += 60_000;
    life.send(restart(false));
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'load']);
    expect(life.routedPercent).toBe(0);
    expect(life.state).toMatchObject({ phase: 'loading', stage: 4, resumesIn: 'stage', proven: false });
    life.reach('stage');
    expect(life.state).toMatchObject({ stage: 4, since: life.now, resumesIn: null });
    expect(life.routedPercent).toBe(50);
  });

  it('it is rolled back if the new version can not be loaded', () => {
    const life = new Life().reach('stage', 4);
    life.send(restart(true));
    life.send({ type: 'load_failed', facts: {} });
    expect(life.state.rollbackReason).toBe('load_failed');
  });

  it('a second unclean one rolls it back; clean ones do not count', () => {
    const life = new Life().reach('stage', 4);
    life.send(restart(true));
    life.send(restart(true));
    life.send(restart(false));
    expect(life.state.phase).toBe('loading');
    life.reach('baking').send(restart(false));
    expect(life.state).toMatchObject({ phase: 'rolling_back', rollbackReason: 'restarted_twice' });
  });

  it('a bake begins again, and so does what broke off while it was on its way back', () => {
    const life = new Life().reach('baking');
    life.send(restart(true));
    life.reach('probing').send(restart(true));
    expect(life.state).toMatchObject({ phase: 'loading', stage: 7, resumesIn: 'baking' });
    life.reach('baking');
    expect(life.routedPercent).toBe(100);
  });

  it('a pause is still one, with its time', () => {
    const life = new Life().reach('stage', 4);
    life.send({ type: 'pause' });
    const since = life.state.pause?.since;
    life.now += 3_600_000;
    life.send(restart(true));
    expect(life.state.pause).toEqual({ reason: 'requested', since, withdrawn: false });
  });

  it('a clock that was set back does not make anything last longer', () => {
    const life = new Life().reach('stage', 4);
    life.send({ type: 'pause' });
    life.now -= 365 * 86_400_000;
    life.send(restart(true));
    expect(life.state).toMatchObject({ at: life.now, since: life.now, pause: { since: life.now } });
  });

  it('what was draining is completed, what was rolling back is rolled back', () => {
    const draining = new Life().reach('draining');
    draining.send(restart(false));
    expect(outcomeOf(draining.state)).toBe('completed');
    expect(draining.effects.map(({ type }) => type)).toEqual(['record', 'set_weight']);
    expect(draining.routedPercent).toBe(100);
    const rolling = new Life().reach('stage');
    rolling.send({ type: 'abort' });
    rolling.send(restart(false));
    expect(outcomeOf(rolling.state)).toBe('aborted');
  });

  it('what was draining for a version that had just been lost bakes again', () => {
    const life = new Life().reach('draining');
    life.send({ type: 'new_lost', facts: {} });
    life.send(restart(true));
    expect(life.state).toMatchObject({ phase: 'loading', resumesIn: 'baking' });
    life.reach('completed');
  });

  it('nothing goes to a version whose runner died with the server, even while the old one is away', () => {
    const life = new Life().reach('stage', 4);
    life.send(restart(false));
    life.reach('stage', 5).send(restart(false));
    life.send({ type: 'old_lost', facts: {} });
    expect(life.state.rollbackReason).toBe('restarted_twice');
    expect(life.routedPercent).toBe(0);
  });

  it('one that waited for memory waits again', () => {
    const life = new Life();
    life.send(restart(true));
    expect(life.effects.map(({ type }) => type)).toEqual(['set_weight', 'record', 'admit']);
  });
});

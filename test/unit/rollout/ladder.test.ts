import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/core/rollout/rollout-state.ts';
import { Life } from '../../helpers/rollout/life.ts';
import { allIsWell } from '../../helpers/rollout/measurements.ts';

const types = (life: Life) => life.effects.map(({ type }) => type);

describe('an update to a good version', () => {
  it('goes through seven stages, a bake and a drain', () => {
    const life = new Life();
    const way: string[] = [];
    for (let steps = 0; steps < 13; steps += 1) {
      life.goOn();
      way.push(`${life.state.phase} ${life.state.stage}: ${life.routedPercent} %`);
    }
    expect(way).toEqual([
      'loading 0: 0 %',
      'probing 0: 0 %',
      'stage 1: 5 %',
      'stage 2: 15 %',
      'stage 3: 30 %',
      'stage 4: 50 %',
      'stage 5: 75 %',
      'stage 6: 90 %',
      'stage 7: 100 %',
      'baking 7: 100 %',
      'draining 7: 100 %',
      'completed 7: 100 %',
      'completed 7: 100 %',
    ]);
    expect(outcomeOf(life.state)).toBe('completed');
  });

  it('asks for each thing in its order', () => {
    const life = new Life();
    expect(types(life)).toEqual(['record', 'admit']);
    life.goOn();
    expect(types(life)).toEqual(['record', 'load']);
    life.goOn();
    expect(types(life)).toEqual(['record', 'probe']);
    life.goOn();
    expect(types(life)).toEqual(['record', 'set_weight']);
    life.goOn();
    expect(life.effects.slice(1)).toEqual([
      { type: 'set_weight', newPercent: 15, when: 'block_end', sequence: 5 },
      { type: 'start_copy', stage: 2 },
    ]);
    life.reach('baking');
    expect(types(life)).toEqual(['record']);
    life.goOn();
    expect(life.effects.slice(1)).toEqual([{ type: 'drain', arm: 'old' }]);
    life.goOn();
    expect(life.effects.slice(1)).toEqual([{ type: 'keep_previous', forMs: 600_000 }]);
  });

  it('says with each stage what the one before was passed on', () => {
    const { log } = new Life().reach('stage', 2);
    expect(log.at(-1)).toMatchObject({
      type: 'entered',
      stage: 2,
      reason: 'gate_passed',
      gate: { verdict: 'advance' },
    });
  });

  it('advances no sooner than the dwell allows', () => {
    const life = new Life().reach('stage', 1);
    life.now += 4999;
    expect(life.send({ type: 'tick', measured: allIsWell(life.state, life.now) }).taken).toBe(false);
    life.now += 1;
    life.send({ type: 'tick', measured: allIsWell(life.state, life.now) });
    expect(life.state.stage).toBe(2);
  });

  it('takes no event once it has ended', () => {
    const life = new Life().reach('completed');
    expect(life.send({ type: 'abort' })).toMatchObject({ taken: false, why: expect.stringContaining('completed') });
  });
});

describe('a dry run', () => {
  it('goes the whole way at weight 0, and lets go of the new version in the end', () => {
    const life = new Life({ dryRun: true });
    const weights = new Set<number>();
    while (life.state.phase !== 'draining') {
      life.goOn();
      weights.add(life.routedPercent);
      expect(life.state.phase).not.toBe('baking');
    }
    expect([...weights]).toEqual([0]);
    expect(life.state.stage).toBe(7);
    expect(life.effects.slice(1)).toEqual([{ type: 'drain', arm: 'new' }]);
    life.goOn();
    expect(life.effects.slice(1)).toEqual([{ type: 'unload_new' }]);
    expect(outcomeOf(life.state)).toBe('completed');
  });
});

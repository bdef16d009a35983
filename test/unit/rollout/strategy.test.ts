import { describe, expect, it } from 'vitest';
import { camelMembers, snakeMembers } from '../../../src/core/casing.ts';
import { mergeRolloutOptions, resolveRolloutConfig } from '../../../src/core/rollout/rollout-config.ts';
import { rolloutConfigFaults } from '../../../src/core/rollout/rollout-config-faults.ts';
import { rolloutOptionsOf, Strategy } from '../../../src/serving/rollouts/strategy.ts';

describe('a strategy over another', () => {
  it('wins member by member, limits and deadlines too, its stages as a whole', () => {
    const merged = mergeRolloutOptions(
      {
        alpha: 0.05,
        rho: 2,
        stages: [{ percent: 5 }, { percent: 100 }],
        driftLimits: { minCosine: null, minTop1Agreement: 0.5 },
        deadlinesMs: { paused: 1 },
      },
      { alpha: 0.1, stages: [{ percent: 100 }], driftLimits: { minTop1Agreement: null }, deadlinesMs: { stage: 2 } },
    );
    expect(merged).toEqual({
      alpha: 0.1,
      rho: 2,
      stages: [{ percent: 100 }],
      driftLimits: { minCosine: null, minTop1Agreement: null },
      deadlinesMs: { paused: 1, stage: 2 },
    });
  });

  it('adds nothing that neither says', () => {
    expect(mergeRolloutOptions({}, {})).toEqual({});
    expect(mergeRolloutOptions({ alpha: 0.1 }, {})).toEqual({ alpha: 0.1 });
  });
});

describe('a strategy as it is written', () => {
  it('takes every member of a configuration, and gives back what was meant', () => {
    const { stages, driftLimits, deadlinesMs, ...rest } = resolveRolloutConfig({ profile: 'careful' });
    const written = {
      ...snakeMembers(rest),
      stages: stages.map((stage) => snakeMembers(stage)),
      drift_limits: snakeMembers(driftLimits),
      deadlines_ms: deadlinesMs,
    };
    const options = rolloutOptionsOf(Strategy.parse(written));
    expect(options).toEqual(resolveRolloutConfig({ profile: 'careful' }));
    expect(rolloutConfigFaults(resolveRolloutConfig(options))).toEqual([]);
  });
});

describe('the names of members', () => {
  it('are the same after there and back', () => {
    const wire = { min_top1_agreement: 1, max_absolute_difference: 2, alpha: 3, live_samples_ms: 4 };
    expect(camelMembers(wire)).toEqual({ minTop1Agreement: 1, maxAbsoluteDifference: 2, alpha: 3, liveSamplesMs: 4 });
    expect(snakeMembers(camelMembers(wire))).toEqual(wire);
  });

  it('are left alone inside of members, and what was undefined is absent', () => {
    const given: { a_b: object; c_d?: number | undefined } = { a_b: { e_f: 1 }, c_d: undefined };
    expect(Object.entries(camelMembers(given))).toEqual([['aB', { e_f: 1 }]]);
  });
});

import { describe, expect, it } from 'vitest';
import { type RolloutOptions, resolveRolloutConfig } from '../../../src/core/rollout/rollout-config.ts';
import { checkRolloutConfig, rolloutConfigFaults } from '../../../src/core/rollout/rollout-config-faults.ts';

const faults = (options: RolloutOptions) => rolloutConfigFaults(resolveRolloutConfig(options));
const stages = (...percents: readonly number[]) => ({ stages: percents.map((percent) => ({ percent })) });

describe('what is not said', () => {
  it('is the ladder of seven stages', () => {
    const { stages: ladder } = resolveRolloutConfig();
    expect(ladder.map((stage) => stage.percent)).toEqual([5, 15, 30, 50, 75, 90, 100]);
    expect(ladder.map((stage) => stage.minDwellMs / 1000)).toEqual([5, 5, 5, 10, 10, 10, 10]);
    expect(ladder.map((stage) => stage.minSamples)).toEqual([59, 59, 59, 299, 59, 299, 59]);
    expect(ladder.map((stage) => stage.extended)).toEqual([false, false, false, true, false, true, false]);
  });

  it('asks more of a careful update', () => {
    const careful = resolveRolloutConfig({ profile: 'careful' });
    expect(careful.stages.map((stage) => stage.minSamples)).toEqual([299, 299, 299, 599, 599, 999, 999]);
    expect(careful.firstPairs).toBe(299);
  });

  it('is filled in member by member', () => {
    const config = resolveRolloutConfig({
      stages: [{ percent: 50, minSamples: 10 }, { percent: 100 }],
      driftLimits: { minCosine: null },
      deadlinesMs: { paused: 1000 },
    });
    expect(config.stages[0]).toEqual({ percent: 50, minDwellMs: 10_000, minSamples: 10, extended: true });
    expect(config.driftLimits).toEqual({ minTop1Agreement: 0.8, maxAbsoluteDifference: null, minCosine: null });
    expect(config.deadlinesMs).toMatchObject({ paused: 1000, loading: 600_000 });
  });

  it('has no fault', () => {
    expect(faults({})).toEqual([]);
    expect(faults({ profile: 'careful' })).toEqual([]);
    expect(faults(stages(100))).toEqual([]);
    expect(faults({ alpha: 0.5, rho: 1 })).toEqual([]);
  });
});

describe('what can not be used is told', () => {
  const cases: readonly (readonly [RolloutOptions, string])[] = [
    [stages(), '"stages" can not be empty: the last stage gives the new version 100 %'],
    [stages(50, 50, 100), 'weights must rise from stage to stage, but 50 % is followed by 50 %'],
    [stages(7, 100), "a stage's weight is a multiple of 5 from 5 to 100 %, not 7"],
    [stages(5, 95), 'the last stage must be 100 %, not 95 %'],
    [{ alpha: 0 }, '"alpha" is a probability above 0 and at most 0.5, not 0'],
    [{ alpha: 0.51 }, '"alpha" is a probability above 0 and at most 0.5, not 0.51'],
    [{ alpha: NaN }, '"alpha" is a probability above 0 and at most 0.5, not NaN'],
    [{ rho: 0.9 }, '"rho" is a ratio of at least 1, not 0.9'],
    [{ deltaCpu: -1 }, '"deltaCpu" is a number from 0 to 100, not -1'],
    [{ driftLimits: { minCosine: 2 } }, '"minCosine" is a number from -1 to 1, not 2'],
    [{ agreementPairs: 0 }, '"agreementPairs" is a whole number from 1 to 1000000, not 0'],
    [
      { stages: [{ percent: 100, minSamples: 0 }] },
      'the minimum samples of the stage at 100 % is a whole number from 1 to 1000000000, not 0',
    ],
    [
      { stages: [{ percent: 100, minDwellMs: -1 }] },
      'the minimum dwell of the stage at 100 % is a whole number from 0 to 2147483647, not -1',
    ],
    [{ deadlinesMs: { paused: 0 } }, 'the deadline of "paused" is a whole number from 1 to 2147483647, not 0'],
    [
      { deadlinesMs: { stage: 130_000 } },
      'the deadline of "stage" must be longer than the longest dwell and "holdLimitMs" together',
    ],
    [{ bakeMs: 600_000 }, 'the deadline of "baking" must be longer than "bakeMs" and "holdLimitMs" together'],
  ];

  it.each(cases)('%o', (options, fault) => {
    expect(faults(options)).toEqual([fault]);
  });

  it('all at once', () => {
    const config = resolveRolloutConfig({ ...stages(7, 5, 50), alpha: 2 });
    expect(() => checkRolloutConfig(config)).toThrow(
      `Invalid update strategy: a stage's weight is a multiple of 5 from 5 to 100 %, not 7; weights must rise from stage to stage, but 7 % is followed by 5 %; the last stage must be 100 %, not 50 %; "alpha" is a probability above 0 and at most 0.5, not 2.`,
    );
  });
});

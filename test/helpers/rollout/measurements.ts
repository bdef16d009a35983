import type { StageMeasurements } from '../../../src/core/rollout/gate-report.ts';
import type { RolloutState } from '../../../src/core/rollout/rollout-state.ts';

/** Nothing was measured at all. */
export const NOTHING_MEASURED: StageMeasurements = {
  liveSamples: 0,
  recordedPairs: 0,
  syntheticPairs: 0,
  evidence: { failures: null, pairs: null, time: null },
  probes: [],
  agreement: null,
};

/** What every gate of the default ladder passes on, once the dwell is over. */
export function allIsWell(state: RolloutState, now: number): StageMeasurements {
  return {
    liveSamples: 1000,
    recordedPairs: 100,
    syntheticPairs: 0,
    evidence: { failures: 0.6, pairs: 0.25, time: 0.1 },
    probes: [1, 0.5, 0].map((share) => ({ at: now - share * (now - state.since), passed: true })),
    agreement: { pairs: 100, top1: 0.99, maxAbsoluteDifference: 0.1, cosine: 0.999 },
  };
}

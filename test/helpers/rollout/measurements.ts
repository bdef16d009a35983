import type { StageMeasurements } from '../../../src/core/rollout/gate-report.ts';
import type { RolloutState } from '../../../src/core/rollout/rollout-state.ts';

/** Nothing was measured at all. */
export const NOTHING_MEASURED: StageMeasurements = {
  liveSamples: 0,
  recordedPairs: 0,
  syntheticPairs: 0,
  evidence: { live_failures: null, paired_failures: null, cpu_time: null, wall_time: null },
  probes: [],
  agreement: null,
};

/** ln(π·E) of shares that are easier to read. */
export function shares(
  live: number,
  paired: number | null = null,
  cpu: number | null = null,
  wall: number | null = null,
): StageMeasurements['evidence'] {
  const ln = (share: number | null) => (share === null ? null : Math.log(share));
  return { live_failures: ln(live), paired_failures: ln(paired), cpu_time: ln(cpu), wall_time: ln(wall) };
}

/** What every gate of the default ladder passes on, once the dwell is over. */
export function allIsWell(state: RolloutState, now: number): StageMeasurements {
  return {
    liveSamples: 1000,
    recordedPairs: 100,
    syntheticPairs: 0,
    evidence: shares(0.6, 0.25, 0.1, 0.05),
    probes: [1, 0.5, 0].map((share) => ({ at: now - share * (now - state.since), passed: true })),
    agreement: { pairs: 100, top1: 0.99, maxAbsoluteDifference: 0.1, cosine: 0.999 },
  };
}

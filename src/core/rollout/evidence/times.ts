import type { Arm } from '../../traffic/assignment.ts';
import { bet, INITIAL_WEALTH, logEvidence, logWeightedSum, type Wealth } from './wealth.ts';

/** Ratios from which a pair is an event, each with a quarter of the stake. Far ones are for large slowdowns in noise. */
const THRESHOLDS: readonly number[] = [1, 1.3, 2, 4];

const EQUAL_WEIGHTS = THRESHOLDS.map(() => 1 / THRESHOLDS.length);

/** Component T, of processor time or of wall time: one wealth for each threshold. */
export type TimeEvidence = readonly Wealth[];

/** Times of one input on both versions, alone and in random order. */
export interface TimePair {
  readonly newMs: number;
  readonly oldMs: number;
  /** The furthest stage that had begun when it was chosen. */
  readonly stage: number;
}

export const NO_TIME_EVIDENCE: TimeEvidence = THRESHOLDS.map(() => INITIAL_WEALTH);

/** Slower is never accepted beyond the tolerance that is in the ratio already. */
const RHO = 1;

/**
 * Counts a pair of times. With r = new/((1 + δ)·old), a ratio r ≥ c is an event of the new version and r ≤ 1/c one of
 * the old, for each threshold c. If the new version's time is at most 1 + δ times the old's in distribution, exchanging
 * the two shows that the first is no likelier than the second, whatever the noise: w = 1/2 (the sign test, as a bet).
 *
 * Example: δ = 25 %, 20 ms against 10 ms: r = 1.6 is an event for c = 1 and 1.3.
 *
 * @param delta δ, how much slower is accepted: 0.25 is 25 %
 */
export function recordTimes(evidence: TimeEvidence, { newMs, oldMs, stage }: TimePair, delta: number): TimeEvidence {
  if (!(newMs > 0 && oldMs > 0 && Number.isFinite(newMs / oldMs))) return evidence;
  const ratio = newMs / ((1 + delta) * oldMs);
  return evidence.map((wealth, index) => {
    const arm = slowerArm(ratio, THRESHOLDS[index] ?? 1);
    return arm === undefined ? wealth : bet(wealth, { arm, probability: 1 / 2 }, RHO, stage);
  });
}

/** ln E, of the mean over thresholds. */
export function logTimeEvidence(evidence: TimeEvidence): number {
  return logWeightedSum(evidence.map(logEvidence), EQUAL_WEIGHTS);
}

/** A ratio of exactly 1 is both at c = 1, and so none. */
function slowerArm(ratio: number, threshold: number): Arm | undefined {
  if (ratio === 1) return undefined;
  if (ratio >= threshold) return 'new';
  return ratio <= 1 / threshold ? 'old' : undefined;
}

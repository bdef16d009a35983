import { ALTERNATIVES, type BadEvent, logBettingFactor } from './bet.ts';

/**
 * The copies of a test, so that a fault that begins late is not drowned by good evidence from before: half of the stake
 * is bet from probing on (stage 0), and a twelfth from the start of each of the stages 2 to 7. The weights sum to 1, so
 * that the mean of the copies is a supermartingale too.
 */
const COPIES: readonly { readonly fromStage: number; readonly weight: number }[] = [
  { fromStage: 0, weight: 1 / 2 },
  ...[2, 3, 4, 5, 6, 7].map((fromStage) => ({ fromStage, weight: 1 / 12 })),
];

/** Log-wealth, by copy and alternative. Plain data; a copy that has not begun has the log-wealth 0, which counts as 1. */
export type Wealth = readonly (readonly number[])[];

export const INITIAL_WEALTH: Wealth = COPIES.map(() => ALTERNATIVES.map(() => 0));

/**
 * The wealth after one more bad event.
 *
 * @param stage the furthest stage that had begun when the event's request was drawn (0 while probing), so that a copy
 *   bets on nothing that was drawn before its start
 */
export function bet(wealth: Wealth, event: BadEvent, rho: number, stage: number): Wealth {
  const factors = ALTERNATIVES.map((theta) => logBettingFactor(event, rho, theta));
  return wealth.map((copy, index) =>
    stage >= (COPIES[index]?.fromStage ?? Number.POSITIVE_INFINITY)
      ? copy.map((logWealth, theta) => logWealth + (factors[theta] ?? 0))
      : copy,
  );
}

/**
 * ln E: of the weighted mean over copies of the mean over alternatives. A mean of e-processes is one (Ramdas, Grünwald,
 * Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference", 2023).
 */
export function logEvidence(wealth: Wealth): number {
  return logWeightedSum(
    wealth.map((copy, index) => ({
      weight: COPIES[index]?.weight ?? 0,
      log: logWeightedSum(copy.map((log) => ({ weight: 1 / ALTERNATIVES.length, log }))),
    })),
  );
}

/** ln Σ weight·e^log. The largest term is taken out first: wealth reaches e^±1000, beyond what a double holds. */
export function logWeightedSum(terms: readonly { readonly weight: number; readonly log: number }[]): number {
  const largest = Math.max(...terms.map(({ log }) => log));
  return largest + Math.log(terms.reduce((sum, { weight, log }) => sum + weight * Math.exp(log - largest), 0));
}

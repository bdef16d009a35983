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

const COPY_WEIGHTS = COPIES.map(({ weight }) => weight);
const EQUAL_WEIGHTS = ALTERNATIVES.map(() => 1 / ALTERNATIVES.length);

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
  return logWeightedSum(wealth.map(logMean), COPY_WEIGHTS);
}

function logMean(logs: readonly number[]): number {
  return logWeightedSum(logs, EQUAL_WEIGHTS);
}

/** ln Σ weight·e^log. The largest is taken out first: wealth reaches e^±1000, beyond what a double holds. */
export function logWeightedSum(logs: readonly number[], weights: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const log of logs) if (log > largest) largest = log;
  let sum = 0;
  for (let index = 0; index < logs.length; index += 1) {
    sum += (weights[index] ?? 0) * Math.exp((logs[index] ?? 0) - largest);
  }
  return largest + Math.log(sum);
}

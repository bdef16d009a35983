import type { RandomSource } from '../../../src/core/traffic/assignment.ts';

/** A rule that looks at each window of time by itself, as the common tools for canaries do. */
export interface WindowRule {
  readonly name: string;
  readonly windowMs: number;
  /** The least share of answers that succeeded. */
  readonly leastSuccess: number;
  /** Windows below it, in all, that roll back. */
  readonly windows: number;
}

/** The examples of the tools' own documentation, and the second at its quickest. */
export const WINDOW_RULES: readonly WindowRule[] = [
  // fluxcd.io/flagger/usage/metrics: request-success-rate, min 99, interval 1m; threshold 5.
  { name: 'Flagger: 99 % each minute, 5 failed checks', windowMs: 60_000, leastSuccess: 0.99, windows: 5 },
  // argo-rollouts, docs/features/analysis.md: interval 5m, result[0] >= 0.95, failureLimit 3 (more than 3 fail it).
  { name: 'Argo Rollouts: 95 % each 5 minutes, failureLimit 3', windowMs: 300_000, leastSuccess: 0.95, windows: 4 },
  { name: '99 % each minute, first failed check', windowMs: 60_000, leastSuccess: 0.99, windows: 1 },
];

export interface WindowResult {
  readonly rolledBack: boolean;
  readonly badAnswers: number;
}

/** The rule at a held weight. @param requestsPerSecond of the new version alone */
export function runWindowRule(
  rule: WindowRule,
  failureRate: number,
  requestsPerSecond: number,
  horizonMs: number,
  random: RandomSource,
): WindowResult {
  const requests = Math.round((requestsPerSecond * rule.windowMs) / 1000);
  let badAnswers = 0;
  let below = 0;
  for (let nowMs = rule.windowMs; nowMs <= horizonMs; nowMs += rule.windowMs) {
    const failures = binomial(requests, failureRate, random);
    badAnswers += failures;
    if (1 - failures / requests < rule.leastSuccess) below += 1;
    if (below >= rule.windows) return { rolledBack: true, badAnswers };
  }
  return { rolledBack: false, badAnswers };
}

function binomial(trials: number, probability: number, random: RandomSource): number {
  if (probability === 0 || probability === 1) return trials * probability;
  // Gaps between successes are geometric: few draws where few succeed (Devroye 1986, X.4.3).
  let successes = 0;
  for (let at = 0; ; successes += 1) {
    at += Math.floor(Math.log(1 - random()) / Math.log(1 - probability)) + 1;
    if (at > trials) return successes;
  }
}

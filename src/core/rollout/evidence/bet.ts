import type { Arm } from '../../traffic/assignment.ts';

/**
 * The alternatives θ that wealth is bet on: how many times the null's odds the new version's share of bad events has.
 * From hardly worse to "only the new version fails".
 */
export const ALTERNATIVES: readonly number[] = [1.5, 2, 3, 5, 10, 30, 100, 1e9];

/** A bad event of one of the two versions. */
export interface BadEvent {
  readonly arm: Arm;
  /** Probability, in (0, 1), that it was the new version's before the draw was known, were both alike. */
  readonly probability: number;
}

/**
 * The logarithm of what one bad event multiplies the wealth by that was bet on the alternative θ, against the null "the
 * odds of the new version are at most ρ times the old one's". With w the event's probability:
 *
 *   new version: θ(wρ + 1 − w)/(wρθ + 1 − w)      old version: (wρ + 1 − w)/(wρθ + 1 − w)
 *
 * At the edge of the null the event is the new version's with probability p = wρ/(wρ + 1 − w), and the expected factor
 * is exactly 1; inside it is less. So the wealth is a nonnegative supermartingale, and it ever reaches c with
 * probability at most 1/c (Ville's inequality), at any number of looks.
 *
 * Example: w = 0.05, ρ = 1.25, θ = 10^9: an event of the new version multiplies by 1.0125/0.0625 = 16.2.
 *
 * Sources: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024; Lindon and
 * Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022; Lindon, Sanden and Shirikian, "Rapid
 * regression detection in software deployments through sequential testing", KDD 2022.
 *
 * @param rho ρ ≥ 1, the odds ratio that is still accepted
 */
export function logBettingFactor({ arm, probability: w }: BadEvent, rho: number, theta: number): number {
  const unscaled = Math.log((w * rho + 1 - w) / (w * rho * theta + 1 - w));
  return arm === 'new' ? unscaled + Math.log(theta) : unscaled;
}

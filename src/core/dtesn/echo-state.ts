import type { Reservoir } from './reservoir.ts';
import { amplification, stabilityPolynomial } from './stability.ts';
import type { Tableau } from './tableau.ts';

/** Points on the circle of eigenvalues; the maximum moves by less than a thousandth between them. */
const CIRCLE_POINTS = 720;

export interface EchoStateConditions {
  /**
   * max over the membranes of (1 − a) + aρ. Below 1 it proves that Euler's step forgets its initial state, whatever
   * comes from the parent membranes: the coupling is one-way, and each membrane contracts by at least this factor.
   */
  readonly contraction: number;
  /**
   * max of |R(a(λ − 1))| over the membranes and the circle |λ| = ρ, R the stability polynomial of the tableau. Within
   * the circle lie all eigenvalues of W times slopes of tanh, and R is largest on its rim. Equal to `contraction` for
   * Euler's step; for others the condition of the linearised system.
   */
  readonly linearised: number;
  /** Whether both are below 1. */
  readonly isMet: boolean;
}

/** Whether a reservoir's state is forgotten, when it is stepped by the tableau. */
export function echoStateConditions({ leak, recipe }: Reservoir, tableau: Tableau): EchoStateConditions {
  const polynomial = stabilityPolynomial(tableau);
  const rho = recipe.scales.recurrence;
  const rates = [...new Set(leak)];
  const contraction = Math.max(...rates.map((a) => 1 - a + a * rho));
  const linearised = Math.max(...rates.map((a) => largestAmplification(polynomial, a, rho)));
  return { contraction, linearised, isMet: contraction < 1 && linearised < 1 };
}

function largestAmplification(polynomial: readonly number[], a: number, rho: number): number {
  let largest = 0;
  for (let point = 0; point < CIRCLE_POINTS; point += 1) {
    const angle = (2 * Math.PI * point) / CIRCLE_POINTS;
    const z = { re: a * (rho * Math.cos(angle) - 1), im: a * rho * Math.sin(angle) };
    largest = Math.max(largest, amplification(polynomial, z));
  }
  return largest;
}

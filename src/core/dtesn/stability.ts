import { AppError } from '../errors.ts';
import { isExplicit, type Tableau } from './tableau.ts';

export interface Complex {
  readonly re: number;
  readonly im: number;
}

/**
 * The coefficients of R(z) = 1 + Σ_k z^k·bᵀA^{k−1}1, the constant first: a step multiplies the solution of y′ = λy by
 * R(hλ).
 *
 * Example: 1, 1, 1/2, 1/6, 1/24 for the classical method of order 4.
 *
 * @throws AppError `invalid_request` for an implicit tableau, whose R is no polynomial
 */
export function stabilityPolynomial(tableau: Tableau): readonly number[] {
  const { a, b } = tableau;
  if (!isExplicit(tableau)) {
    throw new AppError('invalid_request', 'The Runge-Kutta tableau is implicit: only explicit ones can be stepped.', {
      next: 'Give a tableau whose coefficients on and above the diagonal are 0.',
    });
  }
  const coefficients = [1];
  let powers: readonly number[] = b.map(() => 1);
  for (let degree = 1; degree <= b.length; degree += 1) {
    coefficients.push(dot(b, powers));
    const last = powers;
    powers = a.map((row) => dot(row, last));
  }
  return coefficients;
}

/** |R(z)| of a polynomial given by its coefficients, the constant first. */
export function amplification(polynomial: readonly number[], z: Complex): number {
  let value: Complex = { re: 0, im: 0 };
  for (const coefficient of polynomial.toReversed()) {
    value = { re: value.re * z.re - value.im * z.im + coefficient, im: value.re * z.im + value.im * z.re };
  }
  return Math.sqrt(value.re * value.re + value.im * value.im);
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0);
}

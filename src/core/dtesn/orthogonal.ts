import type { RandomStream } from './random.ts';

/**
 * An n × n orthogonal matrix, row by row, uniformly distributed (by Haar's measure): what the Q of a Gaussian matrix is
 * once R's diagonal is made positive, without forming that matrix.
 *
 * From Q of n − 1 rows, Q of n rows is ∓H·diag(1, Q), where H is the Householder reflection that takes the first axis
 * to a uniformly random direction v. So the first column is v, and the others are uniform in what is orthogonal to it.
 *
 * Sources: Stewart, "The efficient generation of random orthogonal matrices", SIAM J. Numer. Anal. 17 (1980);
 * Mezzadri, "How to generate random matrices from the classical compact groups", Notices of the AMS 54 (2007).
 */
export function randomOrthogonal(n: number, random: RandomStream): Float64Array {
  const q = new Float64Array(n * n);
  q[n * n - 1] = random.normal() < 0 ? -1 : 1;
  for (let size = 2; size <= n; size += 1) border(q, n, size, random);
  return q;
}

/** Replaces the trailing block of `size` − 1 rows by one of `size` rows. */
function border(q: Float64Array, n: number, size: number, random: RandomStream): void {
  const start = n - size;
  q[start * n + start] = 1;
  const v = new Float64Array(size);
  for (let i = 0; i < size; i += 1) v[i] = random.normal();
  const length = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  const sign = (v[0] ?? 0) < 0 ? -1 : 1;
  // The reflection along w = v ± ‖v‖e₁ takes e₁ to ∓v/‖v‖; the sign that avoids cancellation in w.
  v[0] = (v[0] ?? 0) + sign * length;
  const square = v.reduce((sum, value) => sum + value * value, 0);
  reflect(q, n, start, v, 2 / square, sign);
}

/** Multiplies the trailing block by −sign·(I − factor·w·wᵀ) from the left, in a fixed order. */
function reflect(q: Float64Array, n: number, start: number, w: Float64Array, factor: number, sign: number): void {
  const size = w.length;
  const projection = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    const weight = w[i] ?? 0;
    const row = (start + i) * n + start;
    for (let j = 0; j < size; j += 1) projection[j] = (projection[j] ?? 0) + weight * (q[row + j] ?? 0);
  }
  for (let i = 0; i < size; i += 1) {
    const weight = factor * (w[i] ?? 0);
    const row = (start + i) * n + start;
    for (let j = 0; j < size; j += 1) q[row + j] = sign * (weight * (projection[j] ?? 0) - (q[row + j] ?? 0));
  }
}

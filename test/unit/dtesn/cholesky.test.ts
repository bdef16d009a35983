import { describe, expect, test } from 'vitest';
import { factorise, solve } from '../../../src/core/dtesn/cholesky.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { normals } from './reservoirs.ts';

/** B·Bᵀ + I of a Gaussian [n, n] matrix, plainly. */
function positiveDefinite(n: number, seed: number): Float64Array {
  const b = normals(new RandomStream(seed, 0), n * n);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < n; k += 1) sum += (b[i * n + k] ?? 0) * (b[j * n + k] ?? 0);
    return sum;
  });
}

describe('the Cholesky factor', () => {
  test('of a small matrix is the textbook’s', () => {
    const matrix = Float64Array.of(4, 0, 0, 12, 37, 0, -16, -43, 98);
    expect(factorise(matrix, 3)).toBe(true);
    expect(matrix).toEqual(Float64Array.of(2, 0, 0, 6, 1, 0, -8, 5, 3));
  });

  // Below, at and above the width of a tile and of a block.
  test.each([1, 3, 4, 5, 31, 32, 33, 70, 101])('times its transpose is the matrix, for %i rows', (n) => {
    const matrix = positiveDefinite(n, n);
    const factor = Float64Array.from(matrix);
    expect(factorise(factor, n)).toBe(true);
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j <= i; j += 1) {
        let product = 0;
        for (let k = 0; k <= j; k += 1) product += (factor[i * n + k] ?? 0) * (factor[j * n + k] ?? 0);
        expect(product).toBeCloseTo(matrix[i * n + j] ?? Number.NaN, 10);
      }
    }
  });

  test('does not touch what is above the diagonal', () => {
    const n = 40;
    const matrix = positiveDefinite(n, 2).map((value, at) => (at % n > Math.floor(at / n) ? Number.NaN : value));
    expect(factorise(matrix, n)).toBe(true);
    const above = matrix.filter((_, at) => at % n > Math.floor(at / n));
    expect(above.every(Number.isNaN)).toBe(true);
    expect(matrix.filter(Number.isNaN)).toHaveLength(above.length);
  });

  test.each([
    ['is not positive definite', [1, 2, 2, 1]],
    ['is singular', [1, 1, 1, 1]],
    ['holds NaN', [Number.NaN, 0, 0, 1]],
  ])('of a matrix that %s does not exist', (_, entries) => {
    expect(factorise(Float64Array.from(entries), 2)).toBe(false);
  });
});

test('a system is solved', () => {
  const n = 50;
  const matrix = positiveDefinite(n, 3);
  const x = normals(new RandomStream(4, 0), n);
  const b = Float64Array.from({ length: n }, (_, i) =>
    x.reduce((sum, value, j) => sum + (matrix[i * n + j] ?? 0) * value, 0),
  );
  factorise(matrix, n);
  solve(matrix, n, b);
  b.forEach((value, i) => {
    expect(value).toBeCloseTo(x[i] ?? Number.NaN, 9);
  });
});

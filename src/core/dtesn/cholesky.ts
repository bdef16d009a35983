import { addRowProducts, dot, type Matrix } from './row-products.ts';

/** Columns that are finished at a time. */
const BLOCK = 32;

/**
 * Replaces the lower triangle of a symmetric positive definite [n, n] matrix by its Cholesky factor L, A = L·Lᵀ. What is
 * above the diagonal is neither read nor written. 2049 × 2049 takes seconds.
 *
 * @returns false if a pivot was not above 0, so that the matrix is not positive definite to working precision; its
 *   contents are then of no use
 */
export function factorise(matrix: Float64Array, n: number): boolean {
  const rows: Matrix = { data: matrix, stride: n };
  for (let first = 0; first < n; first += BLOCK) {
    const end = Math.min(first + BLOCK, n);
    addRowProducts(rows, { source: rows, from: 0, to: first, sign: -1 }, [first, n], [first, end]);
    for (let column = first; column < end; column += 1) {
      if (!finishColumn(matrix, n, first, column)) return false;
    }
  }
  return true;
}

/**
 * Solves A·x = b in place.
 *
 * @param factor of A, as `factorise` leaves it
 */
export function solve(factor: Float64Array, n: number, b: Float64Array): void {
  solveLower(factor, n, b, 0);
  for (let i = n - 1; i >= 0; i -= 1) {
    const value = (b[i] ?? 0) / (factor[i * n + i] ?? 1);
    b[i] = value;
    for (let j = 0; j < i; j += 1) b[j] = (b[j] ?? 0) - (factor[i * n + j] ?? 0) * value;
  }
}

/**
 * Solves L·x = b in place.
 *
 * @param first before which b is 0 and stays so
 */
export function solveLower(factor: Float64Array, n: number, b: Float64Array, first: number): void {
  for (let i = first; i < n; i += 1) {
    const sum = dot(factor, i * n + first, b, first, i - first);
    b[i] = ((b[i] ?? 0) - sum) / (factor[i * n + i] ?? 1);
  }
}

/** @param first column of the block, before which all products are subtracted already */
function finishColumn(matrix: Float64Array, n: number, first: number, column: number): boolean {
  const length = column - first;
  const top = column * n + first;
  const pivot = (matrix[column * n + column] ?? 0) - dot(matrix, top, matrix, top, length);
  if (!(pivot > 0)) return false;
  const diagonal = Math.sqrt(pivot);
  matrix[column * n + column] = diagonal;
  for (let i = column + 1; i < n; i += 1) {
    const sum = dot(matrix, i * n + first, matrix, top, length);
    matrix[i * n + column] = ((matrix[i * n + column] ?? 0) - sum) / diagonal;
  }
  return true;
}

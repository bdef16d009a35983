import { expect, test } from 'vitest';
import { randomOrthogonal } from '../../../src/core/dtesn/orthogonal.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';

/** Of [3, 3], by Sarrus. */
function determinant(m: Float64Array): number {
  const at = (i: number, j: number) => m[3 * i + j] ?? 0;
  let sum = 0;
  for (let j = 0; j < 3; j += 1) {
    sum += at(0, j) * at(1, (j + 1) % 3) * at(2, (j + 2) % 3);
    sum -= at(0, j) * at(1, (j + 2) % 3) * at(2, (j + 1) % 3);
  }
  return sum;
}

const DRAWN = Array.from({ length: 4000 }, (_, seed) => randomOrthogonal(3, new RandomStream(seed, 0)));

test('of many random orthogonal matrices half are rotations and half reflections', () => {
  const rotations = DRAWN.filter((matrix) => determinant(matrix) > 0).length;
  // 2000 expected, standard deviation 32.
  expect(Math.abs(rotations - 2000)).toBeLessThan(160);
});

test('each of their elements is spread evenly over [−1, 1], as by Haar’s measure in three dimensions', () => {
  for (let element = 0; element < 9; element += 1) {
    const cells = new Array<number>(10).fill(0);
    for (const matrix of DRAWN) {
      const cell = Math.min(9, Math.floor(5 * ((matrix[element] ?? 0) + 1)));
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    // 9 degrees of freedom: below 33.7 with probability 0.9999.
    expect(cells.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0)).toBeLessThan(33.7);
  }
});

test('their traces have the mean 0 and the variance 1, as by Haar’s measure', () => {
  const traces = DRAWN.map((matrix) => (matrix[0] ?? 0) + (matrix[4] ?? 0) + (matrix[8] ?? 0));
  const mean = traces.reduce((sum, trace) => sum + trace, 0) / traces.length;
  expect(Math.abs(mean)).toBeLessThan(0.08);
  expect(Math.abs(traces.reduce((sum, trace) => sum + trace * trace, 0) / traces.length - 1)).toBeLessThan(0.1);
});

test('of one row it is 1 or −1', () => {
  const signs = Array.from({ length: 50 }, (_, seed) => randomOrthogonal(1, new RandomStream(seed, 0))[0]);
  expect(new Set(signs)).toEqual(new Set([1, -1]));
});

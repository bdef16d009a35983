import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../../src/core/dtesn/random.ts';

const LARGEST_SEED = 2 ** 53 - 1;

describe('the integers of a stream', () => {
  // From PractRand's C code of sfc32, seeded by (low word, high word, stream), after 15 rounds.
  test.each([
    [0, 0, [4216505632, 947923937, 2491578854, 3964400089], 2376402420],
    [42, 7, [470765371, 1815261665, 1837446338, 4007934356], 3195410693],
    [LARGEST_SEED, 2 ** 32 - 1, [2244433972, 2228909368, 1976297037, 2316481001], 3671189348],
  ])('of seed %i and stream %i are those of sfc32', (seed, stream, first, thousandth) => {
    const random = new RandomStream(seed, stream);
    const drawn = Array.from({ length: 1000 }, () => random.integer());
    expect(drawn.slice(0, 4)).toEqual(first);
    expect(drawn.at(-1)).toBe(thousandth);
  });

  test('of neighbouring streams and seeds do not agree more often than chance', () => {
    const streams = [
      [1, 0],
      [1, 1],
      [2, 0],
      [2 ** 32 + 1, 0],
    ].map(([seed = 0, stream = 0]) => new RandomStream(seed, stream));
    const agreements = Array.from({ length: 20_000 }, () => {
      const low = streams.map((stream) => stream.integer() % 16);
      return low.filter((value) => value === low[0]).length - 1;
    }).reduce((sum, count) => sum + count, 0);
    // 3750 expected, standard deviation 59.
    expect(Math.abs(agreements - 3750)).toBeLessThan(240);
  });

  test('below a bound are all equally likely: chi-square over 7 cells', () => {
    const random = new RandomStream(3, 0);
    const cells = new Array<number>(7).fill(0);
    for (let i = 0; i < 14_000; i += 1) {
      const cell = random.below(7);
      cells[cell] = (cells[cell] ?? 0) + 1;
    }
    // 6 degrees of freedom: below 22.5 with probability 0.999.
    expect(cells.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(22.5);
  });
});

describe('normal numbers', () => {
  const random = new RandomStream(5, 1);
  const drawn = Array.from({ length: 100_000 }, () => random.normal());
  const moment = (power: number) => drawn.reduce((sum, value) => sum + value ** power, 0) / drawn.length;

  test('have the moments 0, 1, 0, 3 of the standard normal', () => {
    // Each within five standard deviations of what 100,000 numbers show.
    expect(Math.abs(moment(1))).toBeLessThan(0.016);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(3))).toBeLessThan(0.062);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.16);
  });

  test('are as often within one, two and three deviations as they should', () => {
    const within = (bound: number) => drawn.filter((value) => Math.abs(value) < bound).length / drawn.length;
    expect(Math.abs(within(1) - 0.682689)).toBeLessThan(0.008);
    expect(Math.abs(within(2) - 0.9545)).toBeLessThan(0.004);
    expect(Math.abs(within(3) - 0.9973)).toBeLessThan(0.001);
  });

  test('do not depend on the one before, of which each second is the spare', () => {
    const products = drawn.slice(1).map((value, i) => value * (drawn[i] ?? 0));
    expect(Math.abs(products.reduce((sum, value) => sum + value, 0) / products.length)).toBeLessThan(0.016);
  });
});

test('exponential numbers have the mean and the variance 1, and are above 3 in e⁻³ of the cases', () => {
  const random = new RandomStream(6, 0);
  const drawn = Array.from({ length: 100_000 }, () => random.exponential());
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  expect(Math.abs(mean - 1)).toBeLessThan(0.016);
  expect(Math.abs(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length - 1)).toBeLessThan(0.045);
  expect(Math.abs(drawn.filter((value) => value > 3).length / drawn.length - Math.exp(-3))).toBeLessThan(0.0035);
});

test('distinct numbers are distinct, and each is as likely to be among them', () => {
  const random = new RandomStream(7, 0);
  const chosen = new Array<number>(12).fill(0);
  for (let round = 0; round < 3000; round += 1) {
    const numbers = random.distinct(4, 12);
    expect(new Set(numbers).size).toBe(4);
    for (const number of numbers) chosen[number] = (chosen[number] ?? 0) + 1;
  }
  // 1000 expected, standard deviation 26.
  for (const count of chosen) expect(Math.abs(count - 1000)).toBeLessThan(130);
  expect(random.distinct(3, 3).toSorted()).toEqual([0, 1, 2]);
});

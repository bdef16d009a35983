import { describe, expect, test } from 'vitest';
import { BSeries, elementaryWeight } from '../../../src/core/dtesn/b-series.ts';
import {
  checkTableau,
  EULER,
  KUTTA_3,
  MIDPOINT,
  RUNGE_KUTTA_4,
  tableauOfOrder,
} from '../../../src/core/dtesn/tableau.ts';
import { DORMAND_PRINCE, FLATTERED, GAUSS_2, IMPLICIT_MIDPOINT } from './tableaux.ts';

describe('the order of a tableau', () => {
  test.each([
    ['Euler', EULER, 1],
    ['midpoint', MIDPOINT, 2],
    ['Kutta', KUTTA_3, 3],
    ['Runge-Kutta', RUNGE_KUTTA_4, 4],
    ['implicit midpoint', IMPLICIT_MIDPOINT, 2],
    ['Gauss of two stages', GAUSS_2, 4],
    ['Dormand-Prince', DORMAND_PRINCE, 5],
    ['c = 0, 1/2, 5/4', FLATTERED, 3],
  ])('of %s is as published', (_, tableau, order) => {
    expect(new BSeries().order(tableau)).toBe(order);
  });

  test('is 0 where the weights do not sum to 1', () => {
    expect(new BSeries().order({ a: [[0]], b: [0.5] })).toBe(0);
  });

  test('is not looked for above the limit', () => {
    expect(new BSeries().order(RUNGE_KUTTA_4, 3)).toBe(3);
  });

  test('falls when one coefficient is wrong in the ninth digit', () => {
    const a = RUNGE_KUTTA_4.a.map((row, stage) => row.map((value) => (stage === 3 && value === 1 ? 1 + 1e-9 : value)));
    expect(new BSeries().order({ ...RUNGE_KUTTA_4, a })).toBe(1);
  });

  test('chooses the built-in tableau', () => {
    expect([1, 2, 3, 4].map((order) => new BSeries().order(tableauOfOrder(order)))).toEqual([1, 2, 3, 4]);
    expect(() => tableauOfOrder(5)).toThrow('"bseries_order" is 1, 2, 3 or 4, not 5.');
  });
});

describe('elementary weights', () => {
  test('of the two trees of order 3 are Σ b a c and Σ b c²', () => {
    // The path, then the bush, by hand for the midpoint rule: c = (0, 1/2), b = (0, 1).
    expect(elementaryWeight(MIDPOINT, [0, 1, 2])).toBe(0);
    expect(elementaryWeight(MIDPOINT, [0, 1, 1])).toBe(1 / 4);
  });

  test('are computed once for each tableau and number of nodes, and the cache counts how often they were there', () => {
    const series = new BSeries();
    expect(series.order(MIDPOINT)).toBe(2);
    expect(series.counts).toEqual({ trees: { hits: 3, misses: 3 }, weights: { hits: 0, misses: 3 } });
    series.order(structuredClone(MIDPOINT));
    expect(series.counts.weights).toEqual({ hits: 3, misses: 3 });
    series.order(EULER);
    expect(series.counts.weights).toEqual({ hits: 3, misses: 5 });
    expect(series.counts.trees.misses).toBe(3);
  });

  test('of the tableau that was asked for the longest ago are forgotten after 64 others', () => {
    const series = new BSeries();
    const tableau = (i: number) => ({ a: [[0]], b: [i] });
    for (let i = 0; i < 64; i += 1) series.elementaryWeights(tableau(i), 1);
    series.elementaryWeights(tableau(0), 1);
    series.elementaryWeights(tableau(64), 1);
    series.elementaryWeights(tableau(0), 1);
    expect(series.counts.weights).toEqual({ hits: 2, misses: 65 });
    series.elementaryWeights(tableau(1), 1);
    expect(series.counts.weights.misses).toBe(66);
  });
});

describe('a tableau of somebody’s own', () => {
  test.each([
    [{ a: [], b: [] }, /it has no stages/],
    [{ a: [[0]], b: [1, 2] }, /2 weights and 1 rows/],
    [{ a: [[0], [0, 0]], b: [1, 2] }, /row 0 has 1 coefficients instead of 2/],
    [{ a: [[Number.NaN]], b: [1] }, /must be finite/],
  ])('is refused for what it lacks: %j', (tableau, message) => {
    expect(() => checkTableau(tableau)).toThrow(message);
  });

  test('is taken where it is whole', () => {
    expect(checkTableau(GAUSS_2)).toBe(GAUSS_2);
  });
});

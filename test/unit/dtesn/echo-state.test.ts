import { describe, expect, test } from 'vitest';
import { echoStateConditions } from '../../../src/core/dtesn/echo-state.ts';
import { randomOrthogonal } from '../../../src/core/dtesn/orthogonal.ts';
import { PRESETS, type Preset } from '../../../src/core/dtesn/presets.ts';
import { productGrowth } from '../../../src/core/dtesn/product-growth.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { buildReservoir } from '../../../src/core/dtesn/reservoir.ts';
import { tableauOfOrder } from '../../../src/core/dtesn/tableau.ts';
import { normals, recipe } from './reservoirs.ts';

const SIZE = { depth: 3, units: 40 };

test.each(Object.keys(PRESETS) as Preset[])('the preset %s forgets, by every built-in tableau', (preset) => {
  const reservoir = buildReservoir(recipe(SIZE, preset));
  const rho = PRESETS[preset].recurrence;
  for (const order of [1, 2, 3, 4]) {
    const { contraction, linearised, isMet } = echoStateConditions(reservoir, tableauOfOrder(order));
    // The slowest membrane has the leak rate 0.7.
    expect(contraction).toBeCloseTo(0.3 + 0.7 * rho, 6);
    expect(linearised).toBeLessThan(1);
    expect(isMet).toBe(true);
  }
});

test('for Euler’s step the linearised condition is the contraction', () => {
  const { contraction, linearised } = echoStateConditions(buildReservoir(recipe(SIZE)), tableauOfOrder(1));
  expect(linearised).toBeCloseTo(contraction, 12);
});

test('a recurrence of 1 is not proven to forget', () => {
  const made = recipe(SIZE);
  const reservoir = buildReservoir({ ...made, scales: { ...made.scales, recurrence: 1 } });
  expect(echoStateConditions(reservoir, tableauOfOrder(1)).isMet).toBe(false);
});

describe('products of Jacobians', () => {
  test('with an orthogonal matrix times 0.9 are proven to fall, and no slopes are found that make them fall slower', () => {
    const w = randomOrthogonal(30, new RandomStream(4, 0)).map((value) => 0.9 * value);
    expect(productGrowth(w, 1, 1)).toEqual({
      linearised: expect.closeTo(0.9, 10),
      found: expect.closeTo(0.9, 10),
      bound: expect.closeTo(0.9, 10),
    });
  });

  test('keep what the leak does not replace', () => {
    expect(productGrowth([0.5, 0, 0, 0.5], 0.5, 1)).toEqual({
      linearised: expect.closeTo(0.75, 10),
      found: expect.closeTo(0.75, 10),
      bound: expect.closeTo(0.75, 10),
    });
  });

  test.each([1, 2, 3])(
    'with Gaussian matrix %i of spectral radius 0.9 fall when linearised, but not for all slopes',
    (seed) => {
      const gaussian = normals(new RandomStream(seed, 0), 60 * 60);
      const radius = productGrowth(gaussian, 1, 1).linearised;
      const { linearised, found, bound } = productGrowth(
        gaussian.map((value) => (0.9 * value) / radius),
        1,
        1,
      );
      expect(linearised).toBeCloseTo(0.9, 6);
      expect(found).toBeGreaterThan(1);
      expect(bound).toBeGreaterThan(found);
    },
  );

  test('find the slopes that take away what holds growth back', () => {
    // Of the eigenvalues ±√0.1 nothing grows; without its second unit W only multiplies the first one by 1.1.
    const w = [1.1, 1, -1.11, -1.1];
    const { linearised, found } = productGrowth(w, 1, 1);
    expect(linearised).toBeLessThan(0.4);
    expect(found).toBeGreaterThanOrEqual(1.1 - 1e-9);
  });

  test('with a nilpotent matrix vanish', () => {
    expect(productGrowth([0, 5, 0, 0], 1, 1)).toEqual({ linearised: 0, found: 0, bound: expect.closeTo(5, 10) });
  });
});

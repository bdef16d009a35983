import { expect, test } from 'vitest';
import { RungeKutta } from '../../../src/core/dtesn/runge-kutta.ts';
import { amplification, stabilityPolynomial } from '../../../src/core/dtesn/stability.ts';
import { EULER, isExplicit, KUTTA_3, MIDPOINT, RUNGE_KUTTA_4 } from '../../../src/core/dtesn/tableau.ts';
import { GAUSS_2 } from './tableaux.ts';

const BUILT_IN = [EULER, MIDPOINT, KUTTA_3, RUNGE_KUTTA_4];

test('up to its order the stability polynomial is the exponential series', () => {
  const series = [1, 1, 1 / 2, 1 / 6, 1 / 24];
  BUILT_IN.forEach((tableau, i) => {
    const polynomial = stabilityPolynomial(tableau);
    expect(polynomial).toHaveLength(i + 2);
    for (const [degree, coefficient] of polynomial.entries()) expect(coefficient).toBeCloseTo(series[degree] ?? 0, 15);
  });
});

test('a step of the oscillator y′ = iωy multiplies its amplitude by |R(iωh)|', () => {
  for (const tableau of BUILT_IN) {
    const y = Float64Array.of(1, 0);
    const field = (at: Float64Array, into: Float64Array) => into.set([-1.5 * (at[1] ?? 0), 1.5 * (at[0] ?? 0)]);
    new RungeKutta(tableau, 2).step(field, y, 0.8);
    expect(Math.hypot(...y)).toBeCloseTo(amplification(stabilityPolynomial(tableau), { re: 0, im: 1.2 }), 14);
  }
});

test('an implicit tableau is refused, since its R is no polynomial', () => {
  expect(isExplicit(GAUSS_2)).toBe(false);
  expect(() => stabilityPolynomial(GAUSS_2)).toThrow(/implicit/);
});

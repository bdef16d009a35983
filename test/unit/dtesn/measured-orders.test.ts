import { expect, test } from 'vitest';
import { RungeKutta, type VectorField } from '../../../src/core/dtesn/runge-kutta.ts';
import { EULER, KUTTA_3, MIDPOINT, RUNGE_KUTTA_4, type Tableau } from '../../../src/core/dtesn/tableau.ts';
import { FLATTERED } from './tableaux.ts';

/** y₁′ = y₂ + 0.3·y₁², y₂′ = −sin y₁·e^{0.3 y₂}: no two elementary differentials are multiples of each other. */
const honest: VectorField = (y, into) => {
  const [first = 0, second = 0] = y;
  into[0] = second + 0.3 * first * first;
  into[1] = -Math.sin(first) * Math.exp(0.3 * second);
};

/** y′ = y²: all elementary differentials of one order are multiples of one number. */
const flattering: VectorField = (y, into) => {
  into[0] = (y[0] ?? 0) ** 2;
};

function solution(tableau: Tableau, field: VectorField, start: readonly number[], steps: number): Float64Array {
  const y = Float64Array.from(start);
  const integrator = new RungeKutta(tableau, y.length);
  for (let step = 0; step < steps; step += 1) integrator.step(field, y, 1 / steps);
  return y;
}

/** The logarithm to base 2 of how many times the error at time 1 falls when the step is halved. */
function slope(tableau: Tableau, field: VectorField, start: readonly number[], steps: number): number {
  const exact = solution(RUNGE_KUTTA_4, field, start, 4096);
  const error = (count: number) => {
    const y = solution(tableau, field, start, count);
    return Math.hypot(...y.map((value, i) => value - (exact[i] ?? 0)));
  };
  return Math.log2(error(steps) / error(2 * steps));
}

test.each([
  ['Euler', EULER, 1],
  ['midpoint', MIDPOINT, 2],
  ['Kutta', KUTTA_3, 3],
  ['Runge-Kutta', RUNGE_KUTTA_4, 4],
  ['c = 0, 1/2, 5/4', FLATTERED, 3],
])('the error of %s falls with the power of the step that the trees say', (_, tableau, order) => {
  expect(Math.abs(slope(tableau, honest, [0.8, 0.5], 64) - order)).toBeLessThan(0.1);
});

/** As `slope`, but of one step from 1, whose error at a method of order p falls with the power p + 1. */
function slopeOfOneStep(tableau: Tableau, h: number): number {
  const error = (step: number) => {
    const y = Float64Array.of(1);
    new RungeKutta(tableau, 1).step(flattering, y, step);
    return Math.abs((y[0] ?? 0) - 1 / (1 - step));
  };
  return Math.log2(error(h) / error(h / 2));
}

test('y′ = y² flatters: on it a tableau of order 3 shows order 4, over the whole way and in one step', () => {
  expect(Math.abs(slope(FLATTERED, flattering, [0.25], 64) - 4)).toBeLessThan(0.1);
  expect(Math.abs(slope(KUTTA_3, flattering, [0.25], 64) - 3)).toBeLessThan(0.1);
  expect(Math.abs(slopeOfOneStep(FLATTERED, 1 / 64) - 5)).toBeLessThan(0.1);
  expect(Math.abs(slopeOfOneStep(KUTTA_3, 1 / 64) - 4)).toBeLessThan(0.1);
});

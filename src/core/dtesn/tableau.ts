import { AppError } from '../errors.ts';

/** A Runge-Kutta method: k_i = f(y + h·Σ_j a[i][j]·k_j), then y + h·Σ_i b[i]·k_i. */
export interface Tableau {
  /** Square: one row for each stage. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly number[];
}

export const EULER: Tableau = { a: [[0]], b: [1] };

export const MIDPOINT: Tableau = {
  a: [
    [0, 0],
    [1 / 2, 0],
  ],
  b: [0, 1],
};

export const KUTTA_3: Tableau = {
  a: [
    [0, 0, 0],
    [1 / 2, 0, 0],
    [-1, 2, 0],
  ],
  b: [1 / 6, 2 / 3, 1 / 6],
};

export const RUNGE_KUTTA_4: Tableau = {
  a: [
    [0, 0, 0, 0],
    [1 / 2, 0, 0, 0],
    [0, 1 / 2, 0, 0],
    [0, 0, 1, 0],
  ],
  b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
};

const BUILT_IN = [EULER, MIDPOINT, KUTTA_3, RUNGE_KUTTA_4];

/**
 * The built-in tableau of an order.
 *
 * @param order 1 (Euler, the leaky echo state network) to 4
 * @throws AppError `invalid_request` for another order
 */
export function tableauOfOrder(order: number): Tableau {
  const tableau = BUILT_IN[order - 1];
  if (tableau !== undefined) return tableau;
  throw new AppError('invalid_request', `"bseries_order" is 1, 2, 3 or 4, not ${order}.`);
}

/**
 * @returns the tableau, which has s ≥ 1 stages, s rows of s finite coefficients and s finite weights
 * @throws AppError `invalid_request` that says what it lacks
 */
export function checkTableau(tableau: Tableau): Tableau {
  const { a, b } = tableau;
  const fault = shapeFault(a, b);
  if (fault === undefined) return tableau;
  throw new AppError('invalid_request', `Invalid Runge-Kutta tableau: ${fault}.`);
}

/** Whether each stage needs only the stages before it, so that a step solves no equation. */
export function isExplicit({ a }: Tableau): boolean {
  return a.every((row, stage) => row.slice(stage).every((coefficient) => coefficient === 0));
}

function shapeFault(a: Tableau['a'], b: Tableau['b']): string | undefined {
  const stages = b.length;
  if (stages === 0) return 'it has no stages';
  if (a.length !== stages) return `it has ${stages} weights and ${a.length} rows of coefficients`;
  const row = a.findIndex((coefficients) => coefficients.length !== stages);
  if (row >= 0) return `row ${row} has ${a[row]?.length} coefficients instead of ${stages}`;
  return [...b, ...a.flat()].every(Number.isFinite) ? undefined : 'its numbers must be finite';
}

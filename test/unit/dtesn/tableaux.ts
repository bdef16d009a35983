import type { Tableau } from '../../../src/core/dtesn/tableau.ts';

/** Order 3 with c₂ = 1/2 and c₃ = 5/4, from the order conditions: what it lacks of order 4 cancels on y′ = y². */
export const FLATTERED: Tableau = {
  a: [
    [0, 0, 0],
    [1 / 2, 0, 0],
    [-5 / 2, 15 / 4, 0],
  ],
  b: [2 / 15, 7 / 9, 4 / 45],
};

/** The implicit midpoint rule: order 2. */
export const IMPLICIT_MIDPOINT: Tableau = { a: [[1 / 2]], b: [1] };

const ROOT = Math.sqrt(3) / 6;

/** Gauss and Legendre's implicit method of two stages: order 4. */
export const GAUSS_2: Tableau = {
  a: [
    [1 / 4, 1 / 4 - ROOT],
    [1 / 4 + ROOT, 1 / 4],
  ],
  b: [1 / 2, 1 / 2],
};

/** Dormand and Prince's method of seven stages: order 5. */
export const DORMAND_PRINCE: Tableau = {
  a: [
    [0, 0, 0, 0, 0, 0, 0],
    [1 / 5, 0, 0, 0, 0, 0, 0],
    [3 / 40, 9 / 40, 0, 0, 0, 0, 0],
    [44 / 45, -56 / 15, 32 / 9, 0, 0, 0, 0],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0, 0],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0, 0],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
  ],
  b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
};

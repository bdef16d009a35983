import { RandomStream } from './random.ts';

/** Jacobians after which the slopes repeat. */
const PERIOD = 6;
/** Rounds in which the slopes are bettered. */
const ROUNDS = 24;
/** Periods before the slopes are judged, and over which they are. */
const SETTLING = 20;
const JUDGED = 40;

export interface ProductGrowth {
  /** Growth per step with all slopes of tanh 1: the linearisation about the state 0. */
  readonly linearised: number;
  /**
   * The fastest growth per step that was found where slopes of 0 and 1 repeat with a period. At 1 or more there are
   * slopes under which two states stay apart, though perhaps no input that brings them about. Below 1 it is evidence,
   * not proof, that the state is forgotten.
   */
  readonly found: number;
  /** (1 − a) + a‖W‖₂. Below 1 it proves that the state is forgotten. */
  readonly bound: number;
}

/**
 * How fast long products of the Jacobians (1 − a)I + aDW grow, D diagonal with slopes of tanh, of which each may be
 * anything in (0, 1] at each step: what tells whether a membrane with somebody's own W forgets. W's spectral radius
 * alone does not tell.
 *
 * A product is linear in each slope, so that the fastest growth is at slopes of 0 and 1. They are bettered in turn, as
 * what comes before a slope and what comes after it say: a local search.
 *
 * @param w [n, n], row by row
 * @param leak a in (0, 1]
 * @param seed of the vectors that the search begins with
 */
export function productGrowth(w: ArrayLike<number>, leak: number, seed: number): ProductGrowth {
  const n = Math.round(Math.sqrt(w.length));
  const random = new RandomStream(seed, 0);
  const system: Jacobians = { w, leak, n, slopes: Array.from({ length: PERIOD }, () => new Float64Array(n).fill(1)) };
  const before = normals(random, n);
  const after = normals(random, n);
  const linearised = growthOf(system, before);
  let found = linearised;
  for (let round = 0; round < ROUNDS; round += 1) {
    better(system, before, after);
    found = Math.max(found, growthOf(system, before));
  }
  return { linearised, found, bound: 1 - leak + leak * norm(w, n, normals(random, n)) };
}

interface Jacobians {
  readonly w: ArrayLike<number>;
  readonly leak: number;
  readonly n: number;
  /** D of each Jacobian of the period. */
  readonly slopes: readonly Float64Array[];
}

/** The geometric mean of the growth per step; leaves `vector` in the direction that grows most. */
function growthOf(system: Jacobians, vector: Float64Array): number {
  let logarithms = 0;
  for (let period = 0; period < SETTLING + JUDGED; period += 1) {
    for (const slopes of system.slopes) {
      advance(system, slopes, vector);
      const length = normalise(vector);
      if (length === 0) return 0;
      if (period >= SETTLING) logarithms += Math.log(length);
    }
  }
  return Math.exp(logarithms / (JUDGED * PERIOD));
}

/**
 * One round: the vectors Wv along the period, then back along it with the slope 1 where Wv helps what comes after.
 *
 * @param before v at the beginning of the period
 * @param after what the end of the period is multiplied by from the left
 */
function better(system: Jacobians, before: Float64Array, after: Float64Array): void {
  const vector = Float64Array.from(before);
  const moved = system.slopes.map((slopes) => {
    const product = advance(system, slopes, vector);
    normalise(vector);
    return product;
  });
  if (dot(vector, after) < 0) for (let i = 0; i < after.length; i += 1) after[i] = -(after[i] ?? 0);
  system.slopes.toReversed().forEach((slopes, back) => {
    const product = moved[PERIOD - 1 - back];
    for (let i = 0; i < slopes.length; i += 1) slopes[i] = (product?.[i] ?? 0) * (after[i] ?? 0) > 0 ? 1 : 0;
    retreat(system, slopes, after);
    if (normalise(after) === 0) after.fill(1);
  });
}

/** v ← ((1 − a)I + aDW)v in place; returns Wv. */
function advance({ w, leak, n }: Jacobians, slopes: Float64Array, vector: Float64Array): Float64Array {
  const product = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let sum = 0;
    for (let j = 0; j < n; j += 1) sum += (w[i * n + j] ?? 0) * (vector[j] ?? 0);
    product[i] = sum;
  }
  for (let i = 0; i < n; i += 1) {
    vector[i] = (1 - leak) * (vector[i] ?? 0) + leak * (slopes[i] ?? 0) * (product[i] ?? 0);
  }
  return product;
}

/** u ← ((1 − a)I + aDW)ᵀu in place. */
function retreat({ w, leak, n }: Jacobians, slopes: Float64Array, vector: Float64Array): void {
  const next = vector.map((value) => (1 - leak) * value);
  for (let i = 0; i < n; i += 1) {
    const factor = leak * (slopes[i] ?? 0) * (vector[i] ?? 0);
    for (let j = 0; j < n; j += 1) next[j] = (next[j] ?? 0) + factor * (w[i * n + j] ?? 0);
  }
  vector.set(next);
}

/** ‖W‖₂, by powers of WᵀW. */
function norm(w: ArrayLike<number>, n: number, vector: Float64Array): number {
  const system: Jacobians = { w, leak: 1, n, slopes: [] };
  const ones = new Float64Array(n).fill(1);
  let square = 0;
  for (let power = 0; power < (SETTLING + JUDGED) * PERIOD; power += 1) {
    normalise(vector);
    advance(system, ones, vector);
    retreat(system, ones, vector);
    square = Math.sqrt(dot(vector, vector));
  }
  return Math.sqrt(square);
}

/** Divides a vector by its length, and returns that. A vector of zeros stays. */
function normalise(vector: Float64Array): number {
  const length = Math.sqrt(dot(vector, vector));
  if (length > 0) for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] ?? 0) / length;
  return length;
}

function dot(left: Float64Array, right: Float64Array): number {
  return left.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0);
}

function normals(random: RandomStream, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}

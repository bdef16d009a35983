import { describe, expect, test } from 'vitest';
import { optimiseDepth } from '../../../src/core/dtesn/depth-optimisation.ts';
import { membraneHierarchy } from '../../../src/core/dtesn/membranes.ts';
import { MomentsBuilder } from '../../../src/core/dtesn/moments.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { normals } from './reservoirs.ts';

const MEMBRANES = membraneHierarchy({ depth: 4, units: 32 });
const FEATURES = 2 + 32;

/** Features of which some membranes' alone, and the input, say what the target is. */
function problem(useful: readonly number[], noise: number) {
  const random = new RandomStream(1, 0);
  const training = new MomentsBuilder(FEATURES, 1);
  const features: number[] = [];
  const targets: number[] = [];
  for (let row = 0; row < 600; row += 1) {
    const drawn = [1, ...normals(random, FEATURES - 1)];
    const sum = useful.reduce((total, place) => {
      return total + drawn.slice(2 + place * 4, 6 + place * 4).reduce((part, value) => part + value, 0);
    }, drawn[1] ?? 0);
    const target = sum + noise * random.normal();
    if (row < 300) training.add(drawn, [target]);
    else features.push(...drawn) && targets.push(target);
  }
  return {
    membranes: MEMBRANES,
    training: training.finish(),
    validation: { features: Float32Array.from(features), targets: Float64Array.from(targets) },
    seed: 1,
  };
}

describe('membrane depth optimisation', () => {
  test('keeps what says something, and what lies around it', () => {
    // The path of four nodes, place 4, lies in 2, which lies in 1.
    expect(MEMBRANES[4]?.parent).toBe(2);
    const { kept, rounds } = optimiseDepth(problem([4], 0.1));
    expect(kept).toEqual([0, 1, 2, 4]);
    expect(rounds[0]).toMatchObject({ membranes: 8, units: 32, theta: 0.05 });
    expect(rounds.at(-1)).toMatchObject({ membranes: 4, units: 16 });
  });

  test('keeps all where all are needed', () => {
    const { kept, rounds } = optimiseDepth(problem([0, 1, 2, 3, 4, 5, 6, 7], 0.1));
    expect(kept).toHaveLength(8);
    expect(rounds).toHaveLength(1);
  });

  test('keeps the skin alone where no state says anything', () => {
    expect(optimiseDepth(problem([], 1)).kept).toEqual([0]);
  });

  test('never ends with an error above 1.02 of the least, and its price never falls', () => {
    const { rounds } = optimiseDepth(problem([2, 5], 3));
    const errors = rounds.map(({ error }) => error);
    expect(errors.at(-1)).toBeLessThanOrEqual(1.02 * Math.min(...errors));
    const prices = rounds.map(({ theta }) => theta);
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
  });

  test('ends where the targets are all 0', () => {
    const made = problem([], 0);
    const zeros = {
      ...made.training,
      products: made.training.products.map((value, i) => (i < FEATURES * (FEATURES + 1) ? value : 0)),
    };
    const validation = { ...made.validation, targets: new Float64Array(300) };
    expect(optimiseDepth({ ...made, training: zeros, validation }).kept).toEqual([0]);
  });
});

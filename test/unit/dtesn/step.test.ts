import { describe, expect, test } from 'vitest';
import { CLASS_SIZES } from '../../../src/core/dtesn/membranes.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import { buildReservoir, type Reservoir } from '../../../src/core/dtesn/reservoir.ts';
import { standardisationOf, standardise } from '../../../src/core/dtesn/standardisation.ts';
import { ReferenceStepper, withoutPadding } from '../../../src/core/dtesn/step.ts';
import { EULER, RUNGE_KUTTA_4, type Tableau, tableauOfOrder } from '../../../src/core/dtesn/tableau.ts';
import { normals, recipe } from './reservoirs.ts';

const SMALL = buildReservoir(recipe({ depth: 3, units: 18 }, 'balanced', 2));

/** A state with 0 in the padding. */
function randomState({ membranes, width, bias }: Reservoir, random: RandomStream): Float64Array {
  const state = new Float64Array(bias.length);
  membranes.forEach(({ units }, membrane) => {
    for (let unit = 0; unit < units; unit += 1) state[membrane * width + unit] = random.symmetric(1);
  });
  return state;
}

/** −x + tanh(…) of one unit, by the definition. */
function slopeOf(reservoir: Reservoir, state: Float64Array, inputs: readonly number[], membrane: number, unit: number) {
  const { width, recurrent, input, bias, membranes } = reservoir;
  const parent = membranes[membrane]?.parent;
  let sum = bias[membrane * width + unit] ?? 0;
  for (let from = 0; from < width; from += 1) {
    const row = (membrane * 2 * width + from) * width + unit;
    sum += (recurrent[row] ?? 0) * (state[membrane * width + from] ?? 0);
    if (parent !== undefined) sum += (recurrent[row + width * width] ?? 0) * (state[parent * width + from] ?? 0);
  }
  inputs.forEach((value, from) => {
    sum += (input[(membrane * inputs.length + from) * width + unit] ?? 0) * value;
  });
  return Math.tanh(sum) - (state[membrane * width + unit] ?? 0);
}

function stepped(reservoir: Reservoir, tableau: Tableau, state: Float64Array, inputs: readonly number[]): Float64Array {
  const next = Float64Array.from(state);
  new ReferenceStepper(reservoir, tableau).step(next, inputs);
  return next;
}

describe('one step', () => {
  const state = randomState(SMALL, new RandomStream(2, 0));
  const inputs = [0.4, -1.3];

  test('by Euler is the leaky echo state network: (1 − a)x + a·tanh(…)', () => {
    const next = stepped(SMALL, EULER, state, inputs);
    SMALL.membranes.forEach(({ units }, membrane) => {
      for (let unit = 0; unit < units; unit += 1) {
        const at = membrane * SMALL.width + unit;
        const leak = SMALL.leak[membrane] ?? 0;
        expect(next[at]).toBeCloseTo((state[at] ?? 0) + leak * slopeOf(SMALL, state, inputs, membrane, unit), 14);
      }
    });
  });

  test.each([2, 3, 4])('by a tableau of order %i takes the parents’ states at the same stage', (order) => {
    const tableau = tableauOfOrder(order);
    const slopes: Float64Array[] = [];
    const combined = (weights: readonly number[]) => {
      return state.map((value, i) => slopes.reduce((sum, k, j) => sum + (weights[j] ?? 0) * (k[i] ?? 0), value));
    };
    tableau.a.forEach((row) => {
      const stage = combined(row);
      slopes.push(
        stage.map((_, i) => {
          const membrane = Math.floor(i / SMALL.width);
          return (SMALL.leak[membrane] ?? 0) * slopeOf(SMALL, stage, inputs, membrane, i % SMALL.width);
        }),
      );
    });
    const expected = combined(tableau.b);
    stepped(SMALL, tableau, state, inputs).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 14);
    });
  });

  test('leaves padding exactly 0', () => {
    const next = stepped(SMALL, RUNGE_KUTTA_4, state, inputs);
    const padded = SMALL.membranes.flatMap(({ units }, membrane) => {
      return Array.from(next.subarray(membrane * SMALL.width + units, (membrane + 1) * SMALL.width));
    });
    expect(padded).toHaveLength(2);
    expect(padded.every((value) => value === 0)).toBe(true);
    expect(withoutPadding(SMALL, next)).toHaveLength(18);
    expect(withoutPadding(SMALL, next).every((value) => value !== 0)).toBe(true);
  });

  test('standardises its inputs', () => {
    const rows = [10, 5, 20, 5, 30, 5];
    const standardisation = standardisationOf(rows, 2);
    expect(standardisation).toEqual({
      mean: Float32Array.of(20, 5),
      deviation: Float32Array.of(Math.sqrt(200 / 3), 1),
    });
    const values = new Float64Array(2);
    standardise(standardisation, [30, 7], values);
    const raw = stepped({ ...SMALL, recipe: { ...SMALL.recipe, standardisation } }, EULER, state, [30, 7]);
    expect(raw).toEqual(stepped(SMALL, EULER, state, [...values]));
  });
});

describe('forgetting', () => {
  test.each(Object.entries(CLASS_SIZES))('two states of a %s are within 1e-6 after 225 equal inputs', (_, size) => {
    const reservoir = buildReservoir(recipe(size));
    const random = new RandomStream(9, 0);
    const stepper = new ReferenceStepper(reservoir, EULER);
    const one = randomState(reservoir, random);
    const other = randomState(reservoir, random);
    const difference = () => one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? 0))), 0);
    expect(difference()).toBeGreaterThan(1);
    for (const input of normals(random, 225)) {
      stepper.step(one, [input]);
      stepper.step(other, [input]);
    }
    expect(difference()).toBeLessThan(1e-6);
  });

  test('does not reach the last input: another one is seen', () => {
    const stepper = new ReferenceStepper(SMALL, EULER);
    const [one, other] = [stepper.initialState(), stepper.initialState()];
    stepper.step(one, [1, 0]);
    stepper.step(other, [-1, 0]);
    expect(one).not.toEqual(other);
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { leakRates, PRESETS } from '../../../src/core/dtesn/presets.ts';
import { buildReservoir, type Reservoir } from '../../../src/core/dtesn/reservoir.ts';
import { reservoirBytes } from '../../../src/core/dtesn/reservoir-bytes.ts';
import { recipe } from './reservoirs.ts';

const SMALL = buildReservoir(recipe({ depth: 4, units: 110 }, 'balanced', 3));

/** Weight in the block of a membrane, from row `from` (its own units, then its parent's) to the unit `to`. */
function recurrent({ recurrent: data, width }: Reservoir, membrane: number, from: number, to: number): number {
  return data[(membrane * 2 * width + from) * width + to] ?? 0;
}

function digest({ recurrent: data, input, bias, leak }: Reservoir): string {
  const hash = createHash('sha256');
  for (const part of [data, input, bias, leak]) hash.update(new Uint8Array(part.buffer));
  return hash.digest('hex').slice(0, 16);
}

describe('the weights of a reservoir', () => {
  test('within each membrane are ρ times an orthogonal matrix', () => {
    SMALL.membranes.forEach(({ units }, membrane) => {
      for (let i = 0; i < units; i += 1) {
        for (let j = 0; j <= i; j += 1) {
          let product = 0;
          for (let from = 0; from < units; from += 1) {
            product += recurrent(SMALL, membrane, from, i) * recurrent(SMALL, membrane, from, j);
          }
          expect(product).toBeCloseTo(i === j ? 0.9 ** 2 : 0, 6);
        }
      }
    });
  });

  test('from the parent are ten to each unit, of the norm g on average of squares, and none to the skin', () => {
    const { width } = SMALL;
    let squares = 0;
    let rows = 0;
    SMALL.membranes.forEach(({ units, parent }, membrane) => {
      const parentUnits = parent === undefined ? 0 : (SMALL.membranes[parent]?.units ?? 0);
      for (let to = 0; to < units; to += 1) {
        const weights = Array.from({ length: width }, (_, from) => recurrent(SMALL, membrane, width + from, to));
        expect(weights.filter((weight) => weight !== 0)).toHaveLength(parent === undefined ? 0 : 10);
        expect(weights.slice(parentUnits).every((weight) => weight === 0)).toBe(true);
        if (parent !== undefined) rows += 1;
        squares += weights.reduce((sum, weight) => sum + weight * weight, 0);
      }
    });
    // Standard deviation of the mean: g²·√(2/10)/√rows, 0.016.
    expect(Math.abs(squares / rows - 0.6 ** 2)).toBeLessThan(0.08);
  });

  test('from the inputs and the biases keep their bounds and come near to them', () => {
    const largest = (data: Float32Array) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest(SMALL.input)).toBeLessThanOrEqual(Math.fround(0.1 / Math.sqrt(3)));
    expect(largest(SMALL.input)).toBeGreaterThan(0.95 * (0.1 / Math.sqrt(3)));
    expect(largest(SMALL.bias)).toBeLessThanOrEqual(0.25);
    expect(largest(SMALL.bias)).toBeGreaterThan(0.9 * 0.25);
  });

  test('of padding are 0', () => {
    const { width, membranes, input, bias } = SMALL;
    expect(membranes.map(({ units }) => units)).toEqual([14, 14, 14, 14, 14, 14, 13, 13]);
    for (const membrane of [6, 7]) {
      for (let from = 0; from < 2 * width; from += 1) expect(recurrent(SMALL, membrane, from, 13)).toBe(0);
      for (let to = 0; to < width; to += 1) expect(recurrent(SMALL, membrane, 13, to)).toBe(0);
      for (let from = 0; from < 3; from += 1) expect(input[(membrane * 3 + from) * width + 13]).toBe(0);
      expect(bias[membrane * width + 13]).toBe(0);
    }
  });

  test('are the same bits on every machine as when these digests were recorded', () => {
    expect(digest(SMALL)).toBe('7a3ca7b8588a08ab');
    expect(digest(buildReservoir(recipe({ depth: 6, units: 1024 }, 'forecast', 1, 2 ** 53 - 1)))).toBe(
      'ee4f70c17f5c1011',
    );
  });

  test('are others with another seed', () => {
    expect(digest(buildReservoir(recipe({ depth: 4, units: 110 }, 'balanced', 3, 2)))).not.toBe(digest(SMALL));
  });
});

describe('a recipe that can not be followed is refused', () => {
  const good = recipe({ depth: 2, units: 8 });

  test.each([
    [{ ...good, inputs: 0 }, /at least 1, not 0/],
    [{ ...good, seed: -1 }, /not -1/],
    [{ ...good, seed: 2 ** 53 }, /a seed is a whole number/],
    [{ ...good, inputs: 2 }, /a mean and a deviation is needed for each of 2 inputs/],
    [{ ...good, scales: { ...PRESETS.linear, input: Number.NaN } }, /scales are not negative/],
    [{ ...good, units: 7 }, /it needs 8 units, not 7/],
  ])('%#', (bad, message) => {
    expect(() => buildReservoir(bad)).toThrow(message);
  });
});

test('leak rates fall from 1 at the skin to 0.7 in equal ratios', () => {
  expect(leakRates(1)).toEqual([1]);
  for (const depth of [2, 4, 6, 8, 10]) {
    leakRates(depth).forEach((rate, level) => {
      expect(rate).toBeCloseTo(0.7 ** (level / (depth - 1)), 14);
    });
  }
});

test('bytes are those of the arrays, and what each sequence adds', () => {
  const { membranes, width, recipe: made } = SMALL;
  const shape = { membranes: membranes.length, width, inputs: made.inputs, units: made.units };
  const arrays = [SMALL.recurrent, SMALL.input, SMALL.bias, SMALL.leak];
  const served = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const untrained = reservoirBytes(shape, { sequences: 1, batch: 1, stages: 1, outputs: 0 });
  // The parents as int64, and mean and deviation of three inputs.
  expect(untrained.weights).toBe(served + 8 * 8 + 2 * 3 * 4);
  expect(untrained.states).toBe(SMALL.bias.byteLength);

  const trained = reservoirBytes(shape, { sequences: 100, batch: 32, stages: 4, outputs: 2 });
  expect(trained.weights - untrained.weights).toBe((1 + 3 + 110) * 2 * 4);
  expect(trained.states).toBe(100 * SMALL.bias.byteLength);
  expect(trained.work).toBe(32 * (10 * SMALL.bias.byteLength + (3 + 2) * 4));
  expect(trained.total).toBe(trained.weights + trained.states + trained.work);
});

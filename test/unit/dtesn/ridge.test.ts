import { describe, expect, test } from 'vitest';
import { selectFeatures, sumOfMoments } from '../../../src/core/dtesn/moments.ts';
import { nrmse } from '../../../src/core/dtesn/nrmse.ts';
import { RandomStream } from '../../../src/core/dtesn/random.ts';
import {
  choosePenalty,
  fitRidge,
  type LabelledRows,
  penalties,
  readout,
  readoutError,
} from '../../../src/core/dtesn/ridge.ts';
import { AppError } from '../../../src/core/errors.ts';
import { type Data, linearData, momentsOf } from './data.ts';

function rowsOf({ features, targets }: Data): LabelledRows {
  return {
    features: Float32Array.from(features.flatMap((row) => [...row])),
    targets: Float64Array.from(targets.flatMap((row) => [...row])),
  };
}

function part({ features, targets }: Data, from: number, to: number): Data {
  return { features: features.slice(from, to), targets: targets.slice(from, to) };
}

const DATA = linearData(new RandomStream(1, 0), 700, 9, 2, 0.1);

describe('moments', () => {
  test('are the sums of the products of all columns, over more rows than a block', () => {
    const { products } = momentsOf(DATA);
    const columns = DATA.features.map((row, i) => [...row, ...(DATA.targets[i] ?? [])]);
    for (let i = 0; i < 11; i += 1) {
      for (let j = 0; j <= i; j += 1) {
        const sum = columns.reduce((total, row) => total + (row[i] ?? 0) * (row[j] ?? 0), 0);
        expect(products[i * 11 + j]).toBeCloseTo(sum, 8);
      }
    }
  });

  test('of two parts are together those of the whole', () => {
    const whole = momentsOf(DATA);
    const sum = sumOfMoments(momentsOf(part(DATA, 0, 300)), momentsOf(part(DATA, 300, 700)));
    expect(sum.rows).toBe(700);
    sum.products.forEach((product, i) => {
      expect(product).toBeCloseTo(whole.products[i] ?? Number.NaN, 8);
    });
  });

  test('of some features are as if the others had never been', () => {
    const kept = [0, 3, 4, 8];
    const without = momentsOf({
      ...DATA,
      features: DATA.features.map((row) => Float64Array.from(kept, (i) => row[i] ?? 0)),
    });
    const selected = selectFeatures(momentsOf(DATA), [8, 0, 4, 3]);
    expect({ ...selected, products: [] }).toEqual({ ...without, products: [] });
    selected.products.forEach((product, i) => {
      expect(product).toBeCloseTo(without.products[i] ?? Number.NaN, 8);
    });
  });
});

describe('a ridge fit', () => {
  test('of one feature is Σxy / (Σx² + λ)', () => {
    const moments = momentsOf({
      features: [1, 2, 3].map((x) => Float64Array.of(x)),
      targets: [2, 3, 5].map((y) => Float64Array.of(y)),
    });
    const fit = fitRidge(moments, 9);
    expect(fit?.weights[0]).toBeCloseTo(23 / 23, 14);
    // ‖y − x‖² + 9·1.
    expect(fit?.objective).toBeCloseTo(1 + 1 + 4 + 9, 12);
  });

  test('leaves a residual whose product with each feature is λ times its weight', () => {
    const fit = fitRidge(momentsOf(DATA), 3.5);
    const { features, targets } = rowsOf(DATA);
    const predictions = readout(
      DATA.features.flatMap((row) => [...row]),
      fit?.weights ?? [],
      2,
    );
    for (let feature = 0; feature < 9; feature += 1) {
      for (const output of [0, 1]) {
        let product = 0;
        DATA.features.forEach((row, i) => {
          product += (row[feature] ?? 0) * ((targets[i * 2 + output] ?? 0) - (predictions[i * 2 + output] ?? 0));
        });
        expect(product).toBeCloseTo(3.5 * (fit?.weights[feature * 2 + output] ?? Number.NaN), 8);
      }
    }
    expect(features).toHaveLength(700 * 9);
  });

  test('has the objective ‖y − Xw‖² + λ‖w‖²', () => {
    const fit = fitRidge(momentsOf(DATA), 2);
    const { features, targets } = rowsOf(DATA);
    const weights = fit?.weights ?? new Float64Array();
    const residuals = readout(features, weights, 2).map((value, i) => value - (targets[i] ?? 0));
    const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
    expect(fit?.objective).toBeCloseTo(squares(residuals) + 2 * squares(weights), 4);
  });

  test('does not exist where features are equal and nothing is penalised', () => {
    const twice = momentsOf({ features: [Float64Array.of(1, 1)], targets: [Float64Array.of(1)] });
    expect(fitRidge(twice, 0)).toBeUndefined();
    for (const weight of fitRidge(twice, 1)?.weights ?? [Number.NaN]) expect(weight).toBeCloseTo(1 / 3, 14);
  });
});

describe('the penalty', () => {
  test('is one of rows × 10^0 to 10^−15', () => {
    const tried = penalties(5000);
    expect(tried).toHaveLength(16);
    expect(tried[0]).toBe(5000);
    expect(tried[15]).toBeCloseTo(5e-12, 20);
  });

  test('that is chosen has the smallest validation error of all', () => {
    // Twelve rows for nine features: much noise, so that neither end of the range is best.
    const noisy = linearData(new RandomStream(5, 0), 400, 9, 1, 1);
    const training = momentsOf(part(noisy, 0, 12));
    const validation = rowsOf(part(noisy, 12, 400));
    const { penalty, error, tried } = choosePenalty(training, validation);
    expect(tried.map((one) => one.penalty)).toEqual(penalties(12));
    expect(error).toBe(Math.min(...tried.map((one) => one.error ?? Infinity)));
    expect(penalty).toBeGreaterThan(12e-15);
    expect(penalty).toBeLessThan(12);
    const weights = Float32Array.from(fitRidge(training, penalty)?.weights ?? []);
    expect(readoutError(validation, weights, 1)).toBe(error);
  });

  test('that leaves the matrix singular to working precision is passed over', () => {
    // 16 + λ is 16 in float64 for the smallest, so that the second pivot is 0.
    const twins = momentsOf({ features: [Float64Array.of(4, 4)], targets: [Float64Array.of(1)] });
    const validation = { features: Float32Array.of(4, 4, 8, 8), targets: Float64Array.of(1, 2) };
    const { tried, error } = choosePenalty(twins, validation);
    expect(tried.at(-1)?.error).toBeUndefined();
    expect(error).toBeLessThan(1e-4);
  });

  test('can not be chosen from data that holds NaN', () => {
    const broken = { ...DATA, features: DATA.features.map((row, i) => (i === 3 ? row.fill(Number.NaN) : row.slice())) };
    const attempt = () => choosePenalty(momentsOf(broken), rowsOf(part(broken, 10, 20)));
    expect(attempt).toThrow(AppError);
    expect(attempt).toThrow(/not finite/);
  });
});

describe('NRMSE', () => {
  test('is 0 for the targets themselves, and 1 for their mean', () => {
    expect(nrmse([1, 2, 6], [1, 2, 6], 1)).toBe(0);
    expect(nrmse([3, 3, 3], [1, 2, 6], 1)).toBe(1);
  });

  test('of two outputs is the root of the mean of squares, whatever their units are', () => {
    // The first exact, the second at its mean.
    expect(nrmse([1, 300, 3, 300], [1, 200, 3, 400], 2)).toBeCloseTo(Math.sqrt(1 / 2), 14);
  });

  test('of an output that does not vary is in its own unit', () => {
    expect(nrmse([5.5, 5.5], [5, 5], 1)).toBe(0.5);
  });
});

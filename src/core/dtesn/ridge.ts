import { AppError } from '../errors.ts';
import { factorise, solve } from './cholesky.ts';
import type { Moments } from './moments.ts';
import { nrmse } from './nrmse.ts';

/** Penalties are the number of rows times 10 to the power of 0 down to minus this. */
const SMALLEST_POWER = 15;

/** Rows with their targets that a readout is judged by. */
export interface LabelledRows {
  /** [rows, features]. */
  readonly features: Float32Array;
  /** [rows, outputs]. */
  readonly targets: Float64Array;
}

export interface RidgeFit {
  /** λ. */
  readonly penalty: number;
  /** [features, outputs]. */
  readonly weights: Float64Array;
  /** Cholesky factor of XᵀX + λI, lower triangle of [features, features]. */
  readonly factor: Float64Array;
  /** J = ‖y − Xw‖² + λ‖w‖², over all outputs, and not below what rounding leaves of ‖y‖². */
  readonly objective: number;
}

export interface TriedPenalty {
  readonly penalty: number;
  /** NRMSE on the validation rows; undefined where XᵀX + λI was not positive definite to working precision. */
  readonly error: number | undefined;
}

export interface ChosenPenalty {
  readonly penalty: number;
  readonly error: number;
  readonly tried: readonly TriedPenalty[];
}

/** λ = rows × 10^0, 10^−1, … 10^−15. */
export function penalties(rows: number): readonly number[] {
  return Array.from({ length: SMALLEST_POWER + 1 }, (_, power) => rows / 10 ** power);
}

/**
 * The weights w that make ‖y − Xw‖² + λ‖w‖² smallest. All features are penalised alike, a constant one included.
 *
 * @param factor is overwritten with the Cholesky factor; for use again by those who fit often
 * @returns undefined if XᵀX + λI is not positive definite to working precision
 */
export function fitRidge(
  moments: Moments,
  penalty: number,
  factor: Float64Array = new Float64Array(moments.features ** 2),
): RidgeFit | undefined {
  const { features, outputs, products } = moments;
  const size = features + outputs;
  for (let i = 0; i < features; i += 1) {
    factor.set(products.subarray(i * size, i * size + i + 1), i * features);
    factor[i * features + i] = (factor[i * features + i] ?? 0) + penalty;
  }
  if (!factorise(factor, features)) return undefined;
  const weights = new Float64Array(features * outputs);
  let objective = 0;
  let squares = 0;
  for (let output = 0; output < outputs; output += 1) {
    const row = (features + output) * size;
    const cross = products.subarray(row, row + features);
    const ofOutput = Float64Array.from(cross);
    solve(factor, features, ofOutput);
    squares += products[row + features + output] ?? 0;
    ofOutput.forEach((weight, feature) => {
      weights[feature * outputs + output] = weight;
      objective -= weight * (cross[feature] ?? 0);
    });
  }
  return { penalty, weights, factor, objective: Math.max(objective + squares, Number.EPSILON * squares) };
}

/**
 * Tries penalties, by default all of `penalties`, and takes the one with the smallest error on the validation rows, by the weights as they are
 * served: rounded to float32.
 *
 * @throws AppError `invalid_request` if no penalty gives a finite error, as with NaN among the training rows
 */
export function choosePenalty(
  training: Moments,
  validation: LabelledRows,
  candidates: readonly number[] = penalties(training.rows),
): ChosenPenalty {
  const factor = new Float64Array(training.features ** 2);
  const tried = candidates.map((penalty): TriedPenalty => {
    const fit = fitRidge(training, penalty, factor);
    return { penalty, error: fit && readoutError(validation, Float32Array.from(fit.weights), training.outputs) };
  });
  const best = tried.reduce((least, one) => ((one.error ?? Infinity) < (least.error ?? Infinity) ? one : least));
  if (best.error !== undefined && Number.isFinite(best.error)) {
    return { penalty: best.penalty, error: best.error, tried };
  }
  throw new AppError(
    'invalid_request',
    'No readout could be fitted: the training data holds numbers that are not finite.',
  );
}

/** Rows with some of their features, in the order given. */
export function selectColumns(rows: LabelledRows, allFeatures: number, columns: readonly number[]): LabelledRows {
  const count = rows.features.length / allFeatures;
  const features = new Float32Array(count * columns.length);
  for (let row = 0; row < count; row += 1) {
    columns.forEach((column, i) => {
      features[row * columns.length + i] = rows.features[row * allFeatures + column] ?? 0;
    });
  }
  return { features, targets: rows.targets };
}

/** NRMSE of a readout on rows. */
export function readoutError({ features, targets }: LabelledRows, weights: ArrayLike<number>, outputs: number): number {
  return nrmse(readout(features, weights, outputs), targets, outputs);
}

/**
 * X·w, summed in float64.
 *
 * @param features [rows, features]
 * @param weights [features, outputs]
 * @returns [rows, outputs]
 */
export function readout(features: ArrayLike<number>, weights: ArrayLike<number>, outputs: number): Float64Array {
  const count = weights.length / outputs;
  const predictions = new Float64Array((features.length / count) * outputs);
  for (let row = 0; row < features.length / count; row += 1) {
    for (let feature = 0; feature < count; feature += 1) {
      const value = features[row * count + feature] ?? 0;
      for (let output = 0; output < outputs; output += 1) {
        const at = row * outputs + output;
        predictions[at] = (predictions[at] ?? 0) + value * (weights[feature * outputs + output] ?? 0);
      }
    }
  }
  return predictions;
}

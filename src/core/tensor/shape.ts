import type { TensorSpec } from '../model/signature.ts';
import { describe, tensorFault } from './fault.ts';

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Elements in a tensor of this shape; 1 for a scalar (`[]`). */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/**
 * Reads and checks the `shape` member of an input against the model's.
 *
 * @param batchable whether the first dimension counts requests' rows, and so can not be 0
 * @throws AppError `invalid_tensor`
 */
export function readShape(value: unknown, spec: TensorSpec, batchable: boolean): number[] {
  if (!Array.isArray(value)) {
    throw tensorFault(spec.name, `"shape" must be an array of integers, got ${describe(value)}`);
  }
  if (value.length !== spec.shape.length) {
    throw tensorFault(
      spec.name,
      `expected a shape of ${spec.shape.length} dimensions (${formatShape(spec.shape)}), got ${value.length} dimensions`,
    );
  }
  const shape = value.map((dimension: unknown, axis) => readDimension(dimension, axis, spec));
  if (batchable && shape[0] === 0) {
    throw tensorFault(spec.name, 'the first dimension is the batch and must be at least 1, got 0');
  }
  checkCountable(shape, spec.name);
  return shape;
}

function readDimension(value: unknown, axis: number, spec: TensorSpec): number {
  const where = `dimension ${axis} of "shape"`;
  // Integers past 2^53 may come as bigint, from the exact reading of 64-bit tensors.
  if (typeof value === 'bigint' || (typeof value === 'number' && value > Number.MAX_SAFE_INTEGER)) {
    throw tensorFault(spec.name, `${where} is too large: ${describe(value)}`);
  }
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw tensorFault(spec.name, `${where} must be a non-negative integer, got ${describe(value)}`);
  }
  const expected = spec.shape[axis] ?? -1;
  if (expected >= 0 && expected !== value) {
    throw tensorFault(
      spec.name,
      `${where} must be ${expected} (the model has ${formatShape(spec.shape)}), got ${value}`,
    );
  }
  return value;
}

/** Zeros are left out of the product: `[0, 2^52, 2^52]` holds nothing, yet no runtime can index it. */
function checkCountable(shape: readonly number[], name: string): void {
  const count = elementCount(shape.filter((dimension) => dimension > 0));
  if (count > Number.MAX_SAFE_INTEGER) {
    throw tensorFault(name, `shape ${formatShape(shape)} has more elements than can be addressed`);
  }
}

import { describe, expect, test } from 'vitest';
import { bytesOf, tensorFromBytes } from '../../../src/core/tensor/binary.ts';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';
import { syntheticTensor } from '../../../src/core/tensor/synthetic.ts';
import { spec } from './requests.ts';

describe('a synthetic input', () => {
  test.each(DATATYPES)('of %s has the shape asked for, and depends on the seed alone', (datatype) => {
    const input = spec('x', datatype, [-1, 5, -1]);
    const tensor = syntheticTensor(input, 8, 42);
    expect(tensor).toMatchObject({ name: 'x', datatype, shape: [8, 5, 1] });
    expect(tensor.data).toHaveLength(40);
    expect(syntheticTensor(input, 8, 42)).toEqual(tensor);
    expect(syntheticTensor(input, 8, 43)).not.toEqual(tensor);
    // The binary decoder checks what BOOL and BYTES may hold.
    expect(tensorFromBytes('x', datatype, tensor.shape, bytesOf(tensor))).toEqual(tensor);
  });

  test('has floats in [0, 1) and integers of 0 or 1', () => {
    const floats = syntheticTensor(spec('x', 'FP32', [100]), 1, 1).data as Float32Array;
    expect(floats.every((value) => value >= 0 && value < 1)).toBe(true);
    const indices = syntheticTensor(spec('x', 'INT64', [100]), 1, 1).data as BigInt64Array;
    expect(new Set(indices)).toEqual(new Set([0n, 1n]));
  });

  test('keeps a fixed first dimension and can be a scalar', () => {
    expect(syntheticTensor(spec('x', 'FP32', [2, 3]), 8, 1).shape).toEqual([2, 3]);
    expect(syntheticTensor(spec('x', 'FP32', []), 8, 1).data).toHaveLength(1);
  });
});

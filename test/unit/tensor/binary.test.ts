import { describe, expect, test } from 'vitest';
import { bytesOf, tensorFromBytes } from '../../../src/core/tensor/binary.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';

describe('the binary form of a tensor', () => {
  test('is a view of its memory', () => {
    const data = new Float32Array([1, 2, 3]).subarray(1);
    const bytes = bytesOf({ name: 'x', datatype: 'FP32', shape: [2], data });
    expect(bytes.buffer).toBe(data.buffer);
    expect(bytes).toHaveLength(8);
  });

  test('is copied out of misaligned bytes only', () => {
    const memory = new Uint8Array(9);
    const aligned = tensorFromBytes('x', 'FP32', [2], memory.subarray(0, 8));
    const misaligned = tensorFromBytes('x', 'FP32', [2], memory.subarray(1));
    memory.fill(0xff);
    expect(aligned.data).toEqual(new Float32Array([Number.NaN, Number.NaN]));
    expect(misaligned.data).toEqual(new Float32Array(2));
  });

  test('keeps a byte order mark in a string', () => {
    const tensor: Tensor = { name: 's', datatype: 'BYTES', shape: [1], data: ['\ufeffa'] };
    expect(tensorFromBytes('s', 'BYTES', [1], bytesOf(tensor))).toEqual(tensor);
  });
});

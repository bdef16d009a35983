import { describe, expect, test } from 'vitest';
import type { Datatype, TensorData } from '../../../src/core/tensor/datatype.ts';
import { hasNonFinite } from '../../../src/core/tensor/non-finite.ts';

const tensor = (datatype: Datatype, data: TensorData) => ({ name: 'y', datatype, shape: [data.length], data });

const MAKERS = {
  FP16: (values: number[]) => Float16Array.from(values),
  BF16: (values: number[]) =>
    Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16),
  FP32: (values: number[]) => Float32Array.from(values),
  FP64: (values: number[]) => Float64Array.from(values),
} as const;
const TYPES = ['FP16', 'BF16', 'FP32', 'FP64'] as const;

describe.each(TYPES)('a tensor of %s', (datatype) => {
  const make = (values: number[]) => tensor(datatype, MAKERS[datatype](values));

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('with %d at any place', (value) => {
    for (const place of [0, 1, 4]) expect(hasNonFinite(make([1, -2, 0, -0, 3].with(place, value)))).toBe(true);
  });

  test('of finite elements, however large or small', () => {
    const limits = { FP16: 65_504, BF16: 3.3e38, FP32: 3.4e38, FP64: Number.MAX_VALUE };
    const largest = limits[datatype];
    expect(hasNonFinite(make([0, -0, 1e-7, Number.MIN_VALUE, largest, -largest]))).toBe(false);
    expect(hasNonFinite(make([]))).toBe(false);
  });

  test('that is a row of a larger one is looked at by itself', () => {
    const whole = MAKERS[datatype]([1, 2, Number.NaN]);
    expect(hasNonFinite(tensor(datatype, whole.subarray(0, 2)))).toBe(false);
    expect(hasNonFinite(tensor(datatype, whole.subarray(2)))).toBe(true);
  });
});

test('half-precision elements may come as their bits', () => {
  expect(hasNonFinite(tensor('FP16', Uint16Array.of(0x3c00, 0x7c00)))).toBe(true);
  expect(hasNonFinite(tensor('FP16', Uint16Array.of(0x3c00, 0x7bff)))).toBe(false);
});

test('other data types have no such elements, whatever their bits', () => {
  expect(hasNonFinite(tensor('UINT16', Uint16Array.of(0xffff)))).toBe(false);
  expect(hasNonFinite(tensor('INT32', Int32Array.of(-1)))).toBe(false);
  expect(hasNonFinite(tensor('INT64', BigInt64Array.of(-1n)))).toBe(false);
  expect(hasNonFinite(tensor('BYTES', ['NaN']))).toBe(false);
});

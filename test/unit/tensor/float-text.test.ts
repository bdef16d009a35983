import { describe, expect, test } from 'vitest';
import { float32Text, MAX_FLOAT32_TEXT, writeFloat32 } from '../../../src/core/tensor/float-text.ts';

function written(value: number): string {
  const buffer = new Uint8Array(MAX_FLOAT32_TEXT);
  return new TextDecoder().decode(buffer.subarray(0, writeFloat32(buffer, 0, value)));
}

describe('a 32-bit float as text', () => {
  test.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1234567, '-1234567'],
    [999_999_936, '999999936'],
    [0.1, '0.1'],
    [-0.5, '-0.5'],
    [1 / 3, '0.33333334'],
    [16_777_217.5, '16777218'],
    [1234.5678, '1234.5677'],
    [0.001, '0.001'],
    [1.5e-7, '1.5e-7'],
    [-3e-12, '-3e-12'],
    [1e-30, '1e-30'],
    [1.401298464324817e-45, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
  ])('writes %d in few digits', (value, text) => {
    expect(written(Math.fround(value))).toBe(text);
    expect(float32Text(Math.fround(value))).toBe(text);
  });

  test('names what JSON has no word for, where it is not JSON', () => {
    expect([Number.NaN, Number.NEGATIVE_INFINITY].map(float32Text)).toEqual(['NaN', '-Infinity']);
  });
});

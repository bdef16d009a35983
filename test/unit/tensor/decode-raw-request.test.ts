import { describe, expect, test } from 'vitest';
import type { Datatype } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { bytes, model, refusal, spec } from './requests.ts';

const raw = (body: Uint8Array, datatype: Datatype, shape: number[]) =>
  decodeRequest(body, 0, model(spec('x', datatype, shape)));

describe('a body of raw elements', () => {
  test.each<[number[], number, number[]]>([
    [[2, 3], 6, [2, 3]],
    [[-1, 3], 6, [2, 3]],
    [[-1], 6, [6]],
    [[1, -1, 2], 6, [1, 3, 2]],
    [[-1, -1, 2], 6, [1, 3, 2]],
    [[], 1, []],
  ])('fits a model of shape %j with %d elements as %j', (shape, count, deduced) => {
    const values = Float32Array.from({ length: count }, (_, i) => i);
    expect(raw(new Uint8Array(values.buffer), 'FP32', shape).inputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: deduced, data: values },
    ]);
  });

  test('is answered in binary', () => {
    expect(raw(new Uint8Array(4), 'FP32', [1]).outputs).toEqual([{ name: 'y', binary: true, classification: 0 }]);
  });

  test('is one element for BYTES, without a length before it', () => {
    expect(raw(bytes('grüezi'), 'BYTES', [-1, 1]).inputs[0]).toMatchObject({ shape: [1, 1], data: ['grüezi'] });
  });

  test.each<[string, Datatype, number[], number, string]>([
    ['too short for a fixed shape', 'FP32', [2, 3], 20, 'FP32 [2, 3] takes 24 bytes of binary data, got 20'],
    ['no multiple of a row', 'FP32', [-1, 3], 20, 'takes a multiple of 12 bytes, more than none, got 20'],
    ['empty', 'FP32', [-1, 3], 0, 'takes a multiple of 12 bytes, more than none, got 0'],
    ['for a shape with an empty dimension', 'FP32', [-1, 0], 4, 'takes a multiple of 0 bytes'],
    ['for a shape that it does not determine', 'FP32', [1, -1, -1], 8, 'can leave one dimension open after the first'],
    [
      'for several BYTES elements',
      'BYTES',
      [-1, 2],
      8,
      'a body without JSON is one BYTES element, but the model has shape [-1, 2]',
    ],
  ])('is refused when it is %s', (_, datatype, shape, length, message) => {
    const error = refusal(new Uint8Array(length), model(spec('x', datatype, shape)), 0);
    expect(error.code).toBe('invalid_tensor');
    expect(error.message).toContain(`Input "x": `);
    expect(error.message).toContain(message);
  });

  test('is refused when it is text that is not UTF-8', () => {
    expect(refusal(new Uint8Array([0xff]), model(spec('x', 'BYTES', [1])), 0).message).toContain('expected UTF-8');
  });

  test('is refused for a model of several inputs', () => {
    const signature = model(spec('a', 'FP32', [1]), spec('b', 'FP32', [1]));
    expect(refusal(new Uint8Array(8), signature, 0).message).toContain('needs a model with one input, this one has 2');
  });
});

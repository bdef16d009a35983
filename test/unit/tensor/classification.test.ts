import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/core/tensor/classification.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { encodeResponse } from '../../../src/core/tensor/encode-response.ts';

const scores: Tensor = {
  name: 'y',
  datatype: 'FP32',
  shape: [2, 3],
  data: new Float32Array([0.1, 0.7, 0.2, 5, -1, 5]),
};

describe('a classification', () => {
  test('gives the highest classes of each row with their labels', () => {
    expect(classify(scores, 2, ['setosa', 'versicolor'])).toEqual({
      name: 'y',
      datatype: 'BYTES',
      shape: [2, 2],
      data: ['0.7:1:versicolor', '0.2:2', '5:0:setosa', '5:2'],
    });
  });

  test('gives no more classes than there are', () => {
    expect(classify(scores, 9, []).shape).toEqual([2, 3]);
  });

  test('takes a tensor of one dimension as one row, and flattens what lies behind the first', () => {
    expect(classify({ ...scores, shape: [6] }, 1, [])).toMatchObject({ shape: [1], data: ['5:3'] });
    expect(classify({ ...scores, shape: [1, 2, 3] }, 1, [])).toMatchObject({ shape: [1, 1], data: ['5:3'] });
  });

  test('puts NaN last', () => {
    const data = new Float32Array([Number.NaN, Number.NEGATIVE_INFINITY, 1]);
    const { data: texts } = classify({ ...scores, shape: [3], data }, 3, []);
    expect(texts).toEqual(['1:2', '-Infinity:1', 'NaN:0']);
  });

  test('compares 64-bit integers exactly', () => {
    const data = new BigInt64Array([2n ** 53n, 2n ** 53n + 1n]);
    expect(classify({ name: 'y', datatype: 'INT64', shape: [2], data }, 1, []).data).toEqual(['9007199254740993:1']);
  });

  test('reads BF16 as numbers', () => {
    // -1, 1.5 and 0.5, as the upper halves of their 32-bit forms.
    const data = new Uint16Array([0xbf80, 0x3fc0, 0x3f00]);
    expect(classify({ name: 'y', datatype: 'BF16', shape: [3], data }, 3, []).data).toEqual(['1.5:1', '0.5:2', '-1:0']);
  });

  test('is what an output answers when it was asked for, also in binary', () => {
    const answer = { modelName: 'm', modelVersion: '1', outputs: [scores] };
    const labels = { y: ['a', 'b', 'c'] };
    const json = encodeResponse(answer, [{ name: 'y', binary: false, classification: 1 }], labels);
    expect(JSON.parse(new TextDecoder().decode(json.parts[0])).outputs).toEqual([
      { name: 'y', datatype: 'BYTES', shape: [2, 1], data: ['0.7:1:b', '5:0:a'] },
    ]);
    const binary = encodeResponse(answer, [{ name: 'y', binary: true, classification: 1 }], labels);
    expect(new TextDecoder().decode(binary.parts[1])).toBe('\u0007\0\0\x000.7:1:b\u0005\0\0\x005:0:a');
  });

  test('takes labels of the output only, whatever it is called', () => {
    const odd = { ...scores, name: 'constructor' };
    const { parts } = encodeResponse(
      { modelName: 'm', modelVersion: '1', outputs: [odd] },
      [{ name: 'constructor', binary: false, classification: 1 }],
      {},
    );
    expect(JSON.parse(new TextDecoder().decode(parts[0])).outputs[0].data).toEqual(['0.7:1', '5:0']);
  });
});

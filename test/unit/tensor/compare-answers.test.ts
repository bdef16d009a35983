import { describe, expect, test } from 'vitest';
import { compareAnswers } from '../../../src/core/tensor/compare-answers.ts';
import type { Datatype, Tensor, TensorData } from '../../../src/core/tensor/datatype.ts';
import { encodeResponse } from '../../../src/core/tensor/encode-response.ts';
import { readAnswer } from '../../../src/core/tensor/read-answer.ts';

const tensor = (data: TensorData, shape = [1, data.length], datatype: Datatype = 'FP32', name = 'y'): Tensor => ({
  name,
  datatype,
  shape,
  data,
});
const floats = (...values: number[]) => tensor(Float32Array.from(values));

/** The outputs as a client would get them, read again. */
function answer(outputs: readonly Tensor[], binary = false) {
  const requested = outputs.map(({ name }) => ({ name, binary, classification: 0 }));
  const { parts, headerLength } = encodeResponse({ modelName: 'm', modelVersion: '1', outputs }, requested, {});
  return readAnswer(Buffer.concat(parts), headerLength);
}

const compare = (serving: Tensor, candidate: Tensor) => compareAnswers(answer([serving]), answer([candidate]));

describe('equal answers', () => {
  test('do not differ', () => {
    const same = { mismatch: undefined, sameTop1: true, maxAbsoluteDifference: 0, cosine: 1 };
    expect(compare(floats(0.1, 0.7, 0.2), floats(0.1, 0.7, 0.2))).toEqual(same);
  });

  test('do not differ where one is in JSON and the other in binary', () => {
    const outputs = [
      floats(0.1, 1 / 3, -1e-7),
      tensor(Float64Array.of(Math.PI, -1 / 3), [2], 'FP64', 'd'),
      tensor(BigInt64Array.of(-5n, 7n), [2], 'INT64', 'i'),
      tensor(Uint8Array.of(0, 1), [2], 'BOOL', 'b'),
      tensor(['x', 'y'], [2], 'BYTES', 't'),
    ];
    const { mismatch, sameTop1, maxAbsoluteDifference } = compareAnswers(answer(outputs), answer(outputs, true));
    expect([mismatch, sameTop1, maxAbsoluteDifference]).toEqual([undefined, true, 0]);
  });

  test('do not differ though their outputs stand in another order', () => {
    const [a, b] = [tensor(Float32Array.of(1), [1], 'FP32', 'a'), tensor(Float32Array.of(2), [1], 'FP32', 'b')];
    expect(compareAnswers(answer([a, b]), answer([b, a])).maxAbsoluteDifference).toBe(0);
  });
});

describe('answers of different kinds', () => {
  const one = floats(1, 2);
  test.each([
    ['names', answer([{ ...one, name: 'z' }]), 'output "y" is missing in the new version\'s answer'],
    ['data types', answer([tensor(Float64Array.of(1, 2), [1, 2], 'FP64')]), 'output "y" was FP32 and is FP64'],
    ['shapes', answer([{ ...one, shape: [2, 1] }]), 'output "y" had the shape [1, 2] and has [2, 1]'],
    ['more', answer([one, { ...one, name: 'z' }]), 'output "z" is only in the new version\'s answer'],
  ])('%s: it is told in what, and nothing else is compared', (_what, candidate, mismatch) => {
    const nothing = { sameTop1: null, maxAbsoluteDifference: null, cosine: null };
    expect(compareAnswers(answer([one]), candidate)).toEqual({ mismatch, ...nothing });
  });
});

describe('the largest element', () => {
  test.each([
    ['is the same in every row', [1, 5, 9, 2], [1, 4, 7, 6], true],
    ['is another in one row', [1, 5, 9, 2], [1, 5, 2, 9], false],
    ['is one of several that are as large', [1, 1, 0, 1], [1, 1.01, 0, 2], true],
    ['is looked for among finite ones', [1, 5, 9, 2], [1, 5, 9, Number.NaN], true],
    ['is nowhere in a row of one answer only', [1, 5, 9, 2], [1, 5, Number.NaN, Number.NaN], false],
  ])('%s', (_what, serving, candidate, sameTop1) => {
    const rows = (values: number[]) => tensor(Float32Array.from(values), [2, 2]);
    expect(compare(rows(serving), rows(candidate)).sameTop1).toBe(sameTop1);
  });

  test('is nothing to be asked for in rows of one', () => {
    const column = tensor(Float32Array.of(1, 2, 3), [3, 1]);
    expect(compare(column, column).sameTop1).toBeNull();
  });
});

describe('the difference', () => {
  test('is the largest over all outputs of numbers', () => {
    const outputs = (value: number) => [floats(0, value), tensor(Int32Array.of(10 * value), [1], 'INT32', 'i')];
    expect(compareAnswers(answer(outputs(1)), answer(outputs(3))).maxAbsoluteDifference).toBe(20);
  });

  test('is infinite where only one of two elements is finite, in JSON as in binary', () => {
    const [finite, not] = [[floats(1, 2)], [floats(1, Number.POSITIVE_INFINITY)]];
    for (const binary of [false, true]) {
      const found = compareAnswers(answer(finite), answer(not, binary));
      expect([found.maxAbsoluteDifference, found.cosine]).toEqual([Number.POSITIVE_INFINITY, null]);
      expect(compareAnswers(answer(not), answer(not, binary)).maxAbsoluteDifference).toBe(0);
    }
  });

  test('does not apply to texts', () => {
    const none = { mismatch: undefined, sameTop1: null, maxAbsoluteDifference: null, cosine: null };
    const texts = (...data: string[]) => tensor(data, [data.length], 'BYTES');
    expect(compare(texts('a', 'b'), texts('a', 'c'))).toEqual(none);
  });
});

describe('the cosine', () => {
  test.each([
    ['opposite vectors', [1, 2], [-2, -4], -1],
    ['vectors at a right angle', [1, 0], [0, 3], 0],
    ['vectors whose squares would overflow', [3e38, 4e38 / 2], [3e38, 4e38 / 2], 1],
  ])('of %s', (_what, serving, candidate, expected) => {
    expect(compare(floats(...serving), floats(...candidate)).cosine).toBeCloseTo(expected, 12);
  });

  test('is the least of all outputs of floating-point numbers, in half precision too', () => {
    const half = (value: number) => tensor(Float16Array.of(value, 1), [2], 'FP16', 'h');
    const integer = (value: number) => tensor(Int32Array.of(value, 1), [2], 'INT32', 'i');
    const serving = answer([floats(1, 1), half(1), integer(1)], true);
    const candidate = answer([floats(1, 1), half(-1), integer(-1)], true);
    expect(compareAnswers(serving, candidate).cosine).toBeCloseTo(0, 12);
  });

  test('does not apply where a vector has no length, nor to integers', () => {
    expect(compare(floats(1, 2), floats(0, 0)).cosine).toBeNull();
    const integers = tensor(Int32Array.of(1, 2), [2], 'INT32');
    expect(compare(integers, integers).cosine).toBeNull();
  });
});

describe('what is no answer is refused', () => {
  const output = { name: 'y', datatype: 'FP32', shape: [2], data: [1, 2] };
  test.each([
    ['no JSON', '{'],
    ['an error', '{"error":"no"}'],
    ['no object', '[]'],
    ['an output without a name', JSON.stringify({ outputs: [{ ...output, name: undefined }] })],
    ['a data type that is none', JSON.stringify({ outputs: [{ ...output, datatype: 'FP8' }] })],
    ['too few elements', JSON.stringify({ outputs: [{ ...output, shape: [3] }] })],
  ])('%s', (_what, text) => {
    expect(() => readAnswer(Buffer.from(text), undefined)).toThrow(Error);
  });

  test('binary data that ends too early', () => {
    const parameters = { binary_data_size: 8 };
    const header = Buffer.from(JSON.stringify({ outputs: [{ ...output, data: undefined, parameters }] }));
    const body = Buffer.concat([header, Buffer.alloc(7)]);
    expect(() => readAnswer(body, header.length)).toThrow(/"y" of the answer .*FP32 \[2\]/);
  });
});

test('nested data is read as flat data is', () => {
  const output = {
    name: 'y',
    datatype: 'FP32',
    shape: [2, 2],
    data: [
      [1, 2],
      [3, null],
    ],
  };
  const [read] = readAnswer(Buffer.from(JSON.stringify({ outputs: [output] })), undefined);
  expect(read?.numbers).toEqual(Float32Array.of(1, 2, 3, Number.NaN));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareAnswers } from '../../../src/core/tensor/compare-answers.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { encodeResponse } from '../../../src/core/tensor/encode-response.ts';
import { readAnswer } from '../../../src/core/tensor/read-answer.ts';
import { JSON_DATATYPES, tensorsOf } from './tensors.ts';

function answer(outputs: readonly Tensor[], binary: boolean) {
  const requested = outputs.map(({ name }) => ({ name, binary, classification: 0 }));
  const { parts, headerLength } = encodeResponse({ modelName: 'm', modelVersion: '1', outputs }, requested, {});
  return readAnswer(Buffer.concat(parts), headerLength);
}

const vectors = fc.integer({ min: 1, max: 12 }).chain((length) => {
  const exactly = { minLength: length, maxLength: length };
  return fc.tuple(fc.float64Array(exactly), fc.float64Array(exactly));
});
const output = (data: Float64Array) => answer([{ name: 'y', datatype: 'FP64', shape: [1, data.length], data }], true);

test('the same tensors do not differ, however each answer carries them', () => {
  fc.assert(
    fc.property(tensorsOf(JSON_DATATYPES), fc.boolean(), fc.boolean(), (tensors, one, other) => {
      const found = compareAnswers(answer(tensors, one), answer(tensors, other));
      expect(found.mismatch).toBeUndefined();
      expect(found.sameTop1).not.toBe(false);
      expect(found.maxAbsoluteDifference ?? 0).toBe(0);
      expect(found.cosine ?? 1).toBeCloseTo(1, 9);
    }),
  );
});

test('which of two answers comes first does not matter to what is measured', () => {
  fc.assert(
    fc.property(vectors, ([a, b]) => {
      const { cosine, ...measured } = compareAnswers(output(a), output(b));
      const { cosine: other, ...again } = compareAnswers(output(b), output(a));
      expect(again).toEqual(measured);
      expect(other ?? 2).toBeCloseTo(cosine ?? 2, 12);
    }),
  );
});

test('a cosine is in [−1, 1], a difference is no less than 0, and neither is ever NaN', () => {
  fc.assert(
    fc.property(vectors, ([a, b]) => {
      const { cosine, maxAbsoluteDifference } = compareAnswers(output(a), output(b));
      expect(maxAbsoluteDifference).toBeGreaterThanOrEqual(0);
      if (cosine !== null) expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the difference is infinite exactly where finiteness differs, or the numbers lie too far apart', () => {
  fc.assert(
    fc.property(vectors, ([a, b]) => {
      const differs = a.some((value, i) => Number.isFinite(value) !== Number.isFinite(b[i]));
      const tooFar = a.some((value, i) => Number.isFinite(value) && Math.abs(value - (b[i] ?? 0)) === Infinity);
      const { maxAbsoluteDifference } = compareAnswers(output(a), output(b));
      expect(maxAbsoluteDifference === Number.POSITIVE_INFINITY).toBe(differs || tooFar);
    }),
  );
});

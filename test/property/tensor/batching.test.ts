import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchKey, batchRows, concatTensors, splitTensors } from '../../../src/core/tensor/batching.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';
import { elementCount } from '../../../src/core/tensor/shape.ts';
import { dataOf, tensorOf } from './tensors.ts';

/** Requests for one model: the same inputs but for the first dimension, which a request's inputs share. */
const requests = fc
  .array(tensorOf(DATATYPES), { minLength: 1, maxLength: 3 })
  .chain((inputs) => fc.array(requestLike(inputs), { minLength: 1, maxLength: 5 }));

function requestLike(inputs: readonly Tensor[]): fc.Arbitrary<Tensor[]> {
  return fc.integer({ min: 1, max: 4 }).chain((rows) =>
    fc.tuple(
      ...inputs.map((input) => {
        const shape = input.shape.with(0, rows);
        return dataOf(input.datatype, elementCount(shape)).map((data) => ({ ...input, shape, data }));
      }),
    ),
  );
}

test('what is joined into a batch comes apart as it was', () => {
  fc.assert(
    fc.property(requests, (batch) => {
      const rows = batch.map((inputs) => batchRows(inputs) ?? Number.NaN);
      expect(splitTensors(concatTensors(batch), rows)).toEqual(batch);
    }),
  );
});

test('requests for one model with the same inner dimensions have one key', () => {
  fc.assert(
    fc.property(requests, (batch) => {
      expect(new Set(batch.map(batchKey)).size).toBe(1);
    }),
  );
});

test('keys are equal only for inputs that agree', () => {
  const essence = (inputs: readonly Tensor[]) =>
    JSON.stringify(inputs.map(({ name, datatype, shape }) => [name, datatype, shape.slice(1)]));
  const inputs = fc.array(tensorOf(['FP32', 'BYTES'], fc.constantFrom('a', 'a"FP32', 'b')), { maxLength: 2 });
  fc.assert(
    fc.property(inputs, inputs, (a, b) => {
      expect(batchKey(a) === batchKey(b)).toBe(essence(a) === essence(b));
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { seededRequest } from '../../../src/serving/health/seeded-request.ts';

const spec = (name: string) =>
  fc.record({
    name: fc.constant(name),
    datatype: fc.constantFrom(...DATATYPES),
    shape: fc.array(fc.constantFrom(-1, 1, 2, 5), { maxLength: 4 }),
  });
const signatures = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => spec(`x${index}`))))
  .map((inputs) => ({ inputs, outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [-1] }] }));

test('whatever the inputs and the seed, a made-up request is one that the model takes', () => {
  fc.assert(
    fc.property(signatures, fc.integer(), (signature, seed) => {
      const request = seededRequest(signature, seed);
      if (request === undefined) return;
      const { inputs } = decodeRequest(request.body, request.headerLength, signature);
      expect(inputs.map(({ name, datatype }) => [name, datatype])).toEqual(
        signature.inputs.map(({ name, datatype }) => [name, datatype]),
      );
    }),
  );
});

test('no two of a thousand seeds give the same request', () => {
  const signature = { inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 4] }], outputs: [] };
  const bodies = Array.from({ length: 1000 }, (_, seed) => Buffer.from(seededRequest(signature, seed)?.body ?? []));
  expect(new Set(bodies.map(String)).size).toBe(1000);
});

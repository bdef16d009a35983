import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import type { ModelSignature } from '../../../src/core/model/signature.ts';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { elementCount } from '../../../src/core/tensor/shape.ts';
import { binaryRequest, signatureOf, tensorsOf } from './tensors.ts';

const signatures: fc.Arbitrary<ModelSignature> = fc.record({
  inputs: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('x', 'y', '__proto__', 'constructor', ''),
      datatype: fc.constantFrom(...DATATYPES),
      shape: fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 3 }),
    }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  outputs: fc.constantFrom([{ name: 'y', datatype: 'FP32', shape: [-1] } as const], []),
});

/** Either the tensors fit the signature, or the refusal is one of the two that are the caller's to mend. */
function decodesOrRefuses(body: Uint8Array, headerLength: number | undefined, signature: ModelSignature): void {
  try {
    const { inputs } = decodeRequest(body, headerLength, signature);
    expect(inputs.map(({ name }) => name)).toEqual(signature.inputs.map(({ name }) => name));
    for (const { data, shape } of inputs) expect(data).toHaveLength(elementCount(shape));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(['invalid_tensor', 'invalid_request']).toContain(error.code);
    expect(error.message.length).toBeLessThan(1000);
  }
}

const headerLengths = fc.oneof(
  fc.constantFrom(undefined, 0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53),
  fc.nat(300),
);

test('arbitrary bytes never fail otherwise than with a refusal', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), headerLengths, signatures, decodesOrRefuses), {
    numRuns: 1000,
  });
});

test('arbitrary JSON never fails otherwise than with a refusal', () => {
  fc.assert(
    fc.property(fc.json(), headerLengths, signatures, (json, headerLength, signature) => {
      decodesOrRefuses(Buffer.from(json), headerLength, signature);
    }),
    { numRuns: 1000 },
  );
});

test('arbitrary members in the places of a request never fail otherwise than with a refusal', () => {
  const anything = fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    {
      weight: 2,
      arbitrary: fc.constantFrom(null, 0, -1, 1, 2, 1.5, 1e300, '', 'x', true, [], {}, [1], [[1], [2]], [[]]),
    },
  );
  const shape = fc.oneof(fc.array(fc.oneof(fc.integer({ min: -1, max: 3 }), fc.double()), { maxLength: 4 }), anything);
  const parameters = fc.oneof(fc.record({ binary_data_size: anything }, { requiredKeys: [] }), anything);
  const input = fc.record(
    {
      name: fc.oneof(fc.constantFrom('x', 'y', '__proto__', 'constructor', ''), anything),
      datatype: fc.oneof(fc.constantFrom(...DATATYPES), anything),
      shape,
      data: anything,
      parameters,
    },
    { requiredKeys: ['name', 'datatype', 'shape'] },
  );
  const outputParameters = fc.record({ binary_data: anything, classification: anything }, { requiredKeys: [] });
  const output = fc.record(
    { name: fc.constantFrom('y', 'z'), parameters: outputParameters },
    { requiredKeys: ['name'] },
  );
  const reserved = fc.record(
    { priority: anything, timeout: anything, sequence_id: anything, sequence_start: anything },
    { requiredKeys: [] },
  );
  const request = fc.record(
    { id: anything, parameters: reserved, inputs: fc.array(input, { maxLength: 3 }), outputs: fc.array(output) },
    { requiredKeys: ['inputs'] },
  );
  fc.assert(
    fc.property(request, headerLengths, fc.uint8Array(), signatures, (members, headerLength, tail, signature) => {
      const header = Buffer.from(JSON.stringify(members));
      decodesOrRefuses(header, undefined, signature);
      decodesOrRefuses(Buffer.concat([header, tail]), header.length, signature);
      decodesOrRefuses(header, headerLength, signature);
    }),
    { numRuns: 2000 },
  );
});

test('a valid request with one byte changed never fails otherwise than with a refusal', () => {
  fc.assert(
    fc.property(tensorsOf(), fc.nat(), fc.nat(255), fc.boolean(), (tensors, position, byte, cut) => {
      const { body, headerLength } = binaryRequest(tensors, 0);
      const damaged = new Uint8Array(body);
      damaged[position % body.length] = byte;
      const end = cut ? position % body.length : body.length;
      decodesOrRefuses(damaged.subarray(0, end), headerLength, signatureOf(tensors));
    }),
    { numRuns: 2000 },
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATATYPES, type Datatype, type Tensor } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { encodeResponse } from '../../../src/core/tensor/encode-response.ts';
import { float32Text, MAX_FLOAT32_TEXT, writeFloat32 } from '../../../src/core/tensor/float-text.ts';
import {
  binaryRequest,
  JSON_DATATYPES,
  nest,
  requestFromResponse,
  signatureOf,
  tensorOf,
  tensorsOf,
} from './tensors.ts';

/** FP64 goes through JSON.stringify, which writes −0 as 0. */
function withoutNegativeZero(tensor: Tensor): Tensor {
  const { data } = tensor;
  return data instanceof Float64Array ? { ...tensor, data: data.map((value) => value + 0) } : tensor;
}

function roundTrip(outputs: readonly Tensor[], isBinary: (index: number) => boolean): readonly Tensor[] {
  const requested = outputs.map(({ name }, index) => ({ name, binary: isBinary(index), classification: 0 }));
  const response = encodeResponse({ modelName: 'm', modelVersion: '1', outputs }, requested, {});
  const { body, headerLength } = requestFromResponse(response);
  return decodeRequest(body, headerLength, signatureOf(outputs)).inputs;
}

describe('a tensor that is encoded and decoded is the same', () => {
  test.each(JSON_DATATYPES)('as JSON, for %s', (datatype) => {
    fc.assert(
      fc.property(tensorOf([datatype]), (tensor) => {
        expect(roundTrip([tensor], () => false)).toEqual([withoutNegativeZero(tensor)]);
      }),
    );
  });

  test.each(DATATYPES)('in binary, for %s', (datatype) => {
    fc.assert(
      fc.property(tensorOf([datatype]), (tensor) => {
        expect(roundTrip([tensor], () => true)).toEqual([tensor]);
      }),
    );
  });

  test('in any mixture of both', () => {
    fc.assert(
      fc.property(tensorsOf(JSON_DATATYPES), fc.infiniteStream(fc.boolean()), (tensors, choices) => {
        const binary = tensors.map(() => choices.next().value);
        expect(roundTrip(tensors, (index) => binary[index] === true)).toEqual(
          tensors.map((tensor, index) => (binary[index] ? tensor : withoutNegativeZero(tensor))),
        );
      }),
    );
  });

  test('in a binary request with any alignment', () => {
    fc.assert(
      fc.property(tensorsOf(), fc.nat(9), (tensors, padding) => {
        const { body, headerLength } = binaryRequest(tensors, padding);
        expect(decodeRequest(body, headerLength, signatureOf(tensors)).inputs).toEqual(tensors);
      }),
    );
  });
});

test('nested data means the same as flat data', () => {
  const plain = JSON_DATATYPES.filter((datatype) => !['INT64', 'UINT64', 'BOOL'].includes(datatype));
  fc.assert(
    fc.property(tensorOf(plain), (tensor) => {
      const elements = Array.from(tensor.data as Iterable<unknown>);
      const decode = (data: unknown) =>
        decodeRequest(Buffer.from(JSON.stringify({ inputs: [{ ...tensor, data }] })), undefined, signatureOf([tensor]));
      expect(decode(nest(elements, tensor.shape))).toEqual(decode(elements));
    }),
  );
});

test('64-bit integers are exact wherever they stand among spaces and signs', () => {
  const literal = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -9n, max: 9n }));
  const space = fc.constantFrom('', ' ', '\n', '\t ');
  fc.assert(
    fc.property(fc.array(fc.tuple(space, literal, space), { minLength: 1 }), (items) => {
      const data = items.map(([before, value, after]) => `${before}${value}${after}`).join(',');
      const body = `{"inputs":[{"name":"x","datatype":"INT64","shape":[${items.length}],"data":[${data}]}]}`;
      const tensor: Tensor = { name: 'x', datatype: 'INT64' satisfies Datatype, shape: [0], data: new BigInt64Array() };
      const decoded = decodeRequest(Buffer.from(body), undefined, signatureOf([tensor]));
      expect(decoded.inputs[0]?.data).toEqual(BigInt64Array.from(items, ([, value]) => value));
    }),
  );
});

test('a 32-bit float reads back as itself from at most nine significant digits', () => {
  const anyFloat = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ min: Math.fround(1e-6), max: Math.fround(1e6), noNaN: true }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => Math.fround(value / 1000)),
  );
  const buffer = new Uint8Array(MAX_FLOAT32_TEXT);
  fc.assert(
    fc.property(anyFloat, (value) => {
      const text = new TextDecoder().decode(buffer.subarray(0, writeFloat32(buffer, 0, value)));
      expect(Math.fround(JSON.parse(text))).toBe(value);
      expect(Math.fround(JSON.parse(float32Text(value)))).toBe(value);
      const significant = text.replace(/e.*/, '').replace(/\D/g, '').replace(/^0+/, '').replace(/0+$/, '');
      expect(significant.length).toBeLessThanOrEqual(9);
    }),
    { numRuns: 5000 },
  );
});

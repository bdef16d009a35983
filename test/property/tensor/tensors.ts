import fc from 'fast-check';
import type { ModelSignature } from '../../../src/core/model/signature.ts';
import { bytesOf } from '../../../src/core/tensor/binary.ts';
import { DATATYPES, type Datatype, type Tensor, type TensorData } from '../../../src/core/tensor/datatype.ts';
import type { EncodedResponse } from '../../../src/core/tensor/encode-response.ts';

const HALF: readonly Datatype[] = ['FP16', 'BF16'];
export const JSON_DATATYPES = DATATYPES.filter((datatype) => !HALF.includes(datatype));

/** Elements that JSON can say and a model can take: finite numbers, and Unicode text without NUL. */
export function dataOf(datatype: Datatype, length: number): fc.Arbitrary<TensorData> {
  const exactly = { minLength: length, maxLength: length };
  const bits = (max: number) => fc.array(fc.integer({ min: 0, max }), exactly);
  switch (datatype) {
    case 'BOOL':
      return bits(1).map((values) => Uint8Array.from(values));
    case 'UINT8':
      return fc.uint8Array(exactly);
    case 'UINT16':
    case 'BF16':
      return fc.uint16Array(exactly);
    case 'UINT32':
      return fc.uint32Array(exactly);
    case 'UINT64':
      return fc
        .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), exactly)
        .map((values) => BigUint64Array.from(values));
    case 'INT8':
      return fc.int8Array(exactly);
    case 'INT16':
      return fc.int16Array(exactly);
    case 'INT32':
      return fc.int32Array(exactly);
    case 'INT64':
      return fc
        .array(
          fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt)),
          exactly,
        )
        .map((values) => BigInt64Array.from(values));
    case 'FP16':
      return bits(0x7bff).map((values) => new Float16Array(Uint16Array.from(values).buffer));
    case 'FP32':
      return fc.float32Array({ ...exactly, noNaN: true, noDefaultInfinity: true });
    case 'FP64':
      return fc.float64Array({ ...exactly, noNaN: true, noDefaultInfinity: true });
    case 'BYTES':
      return fc.array(
        fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
        exactly,
      );
  }
}

/** A tensor of one to four dimensions; the first is at least 1. */
export function tensorOf(datatypes: readonly Datatype[] = DATATYPES, name = fc.string()): fc.Arbitrary<Tensor> {
  const shapes = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
    .map(([rows, rest]) => [rows, ...rest]);
  return fc.tuple(name, fc.constantFrom(...datatypes), shapes).chain(([name, datatype, shape]) => {
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    return dataOf(datatype, count).map((data) => ({ name, datatype, shape, data }));
  });
}

/** Up to four tensors with different names. */
export function tensorsOf(datatypes?: readonly Datatype[]): fc.Arbitrary<Tensor[]> {
  return fc.uniqueArray(tensorOf(datatypes), { minLength: 1, maxLength: 4, selector: ({ name }) => name });
}

/** A model that takes these tensors, every dimension variable. */
export function signatureOf(tensors: readonly Tensor[]): ModelSignature {
  const inputs = tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(() => -1) }));
  return { inputs, outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }] };
}

export interface RequestBody {
  readonly body: Uint8Array;
  readonly headerLength: number | undefined;
}

/** A response's outputs as the inputs of a request: the two have the same form under another name. */
export function requestFromResponse({ parts, headerLength }: EncodedResponse): RequestBody {
  const [json, ...binaries] = parts;
  const text = new TextDecoder().decode(json);
  // No key can be taken for another: quotes within names and elements are escaped.
  const header = new TextEncoder().encode(text.replace(',"outputs":[{', ',"inputs":[{'));
  return { body: Buffer.concat([header, ...binaries]), headerLength: headerLength && header.length };
}

/** A request that carries every tensor in binary, behind `padding` spaces that shift their alignment. */
export function binaryRequest(tensors: readonly Tensor[], padding: number): RequestBody {
  const binaries = tensors.map(bytesOf);
  const inputs = tensors.map(({ name, datatype, shape }, index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: binaries[index]?.length },
  }));
  const header = Buffer.from(JSON.stringify({ inputs }) + ' '.repeat(padding));
  return { body: Buffer.concat([header, ...binaries]), headerLength: header.length };
}

/** The elements nested as the shape. */
export function nest(elements: readonly unknown[], shape: readonly number[]): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return elements[0];
  const size = rest.reduce((product, dimension) => product * dimension, 1);
  return Array.from({ length }, (_, i) => nest(elements.slice(i * size, (i + 1) * size), rest));
}

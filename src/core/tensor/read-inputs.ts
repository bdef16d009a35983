import { isBatchable, type ModelSignature, type TensorSpec } from '../model/signature.ts';
import { tensorFromBytes } from './binary.ts';
import type { Tensor } from './datatype.ts';
import { describe, listNames, quote, requestFault, tensorFault } from './fault.ts';
import { dataFromJson } from './json-data.ts';
import { isJsonObject, type JsonObject, readCount, readParameters } from './json-object.ts';
import { readShape } from './shape.ts';

/** What follows the JSON header, and how far it has been read. */
export interface BinarySection {
  readonly bytes: Uint8Array;
  position: number;
}

/**
 * The `inputs` member, in the order of the signature. Binary tensors are taken in the order of the request.
 *
 * @param binary undefined when the body is JSON only
 * @throws AppError `invalid_tensor` or `invalid_request`
 */
export function readInputs(value: unknown, signature: ModelSignature, binary: BinarySection | undefined): Tensor[] {
  const tensors = new Map<string, Tensor>();
  const batchable = isBatchable(signature);
  for (const [index, item] of itemsOf(value, signature).entries()) {
    const [input, spec] = identify(item, index, signature);
    if (tensors.has(spec.name)) throw tensorFault(spec.name, 'is given twice, expected once');
    tensors.set(spec.name, readInput(input, spec, batchable, binary));
  }
  const left = binary === undefined ? 0 : binary.bytes.length - binary.position;
  if (left > 0) throw requestFault(`The body goes on for ${left} bytes after the last binary input`);
  return signature.inputs.map(({ name }) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw tensorFault(name, 'is missing: the model needs it');
    return tensor;
  });
}

function itemsOf(value: unknown, signature: ModelSignature): readonly unknown[] {
  const none = value === undefined || value === null;
  if (none && signature.inputs.length === 0) return [];
  if (!none && !Array.isArray(value)) throw requestFault(`"inputs" must be an array, got ${describe(value)}`);
  if (none || (value.length === 0 && signature.inputs.length > 0)) {
    const known = listNames(signature.inputs.map((input) => input.name));
    throw requestFault(`"inputs" is ${none ? 'missing' : 'empty'}: the model needs ${known}`);
  }
  return value;
}

function identify(item: unknown, index: number, signature: ModelSignature): [JsonObject, TensorSpec] {
  if (!isJsonObject(item)) throw requestFault(`"inputs[${index}]" must be an object, got ${describe(item)}`);
  const name = item['name'];
  if (typeof name !== 'string') {
    throw requestFault(`"name" of inputs[${index}] must be a string, got ${describe(name)}`);
  }
  const spec = signature.inputs.find((candidate) => candidate.name === name);
  if (spec !== undefined) return [item, spec];
  const known = listNames(signature.inputs.map((input) => input.name));
  throw tensorFault(name, `is unknown: the model has ${signature.inputs.length === 0 ? 'no inputs' : known}`);
}

function readInput(input: JsonObject, spec: TensorSpec, batchable: boolean, binary: BinarySection | undefined): Tensor {
  const { name, datatype } = spec;
  if (input['datatype'] !== datatype) {
    throw tensorFault(name, `expected datatype ${datatype}, got ${describe(input['datatype'])}`);
  }
  const shape = readShape(input['shape'], spec, batchable);
  const where = `input ${quote(name)}`;
  const size = readCount(readParameters(input['parameters'], where), 'binary_data_size', where);
  const data = input['data'];
  const hasData = data !== undefined && data !== null;
  if (size === undefined) {
    if (!hasData) throw tensorFault(name, 'expected "data", or "binary_data_size" in its parameters, got neither');
    return { name, datatype, shape, data: dataFromJson(name, datatype, shape, data) };
  }
  if (hasData) throw tensorFault(name, 'expected either "data" or "binary_data_size" in its parameters, got both');
  return tensorFromBytes(name, datatype, shape, take(binary, size, spec));
}

function take(binary: BinarySection | undefined, size: number, spec: TensorSpec): Uint8Array {
  if (binary === undefined) {
    throw tensorFault(
      spec.name,
      '"binary_data_size" is given, but the request does not say where its JSON ends: expected the header Inference-Header-Content-Length',
    );
  }
  const left = binary.bytes.length - binary.position;
  if (size > left) {
    throw tensorFault(spec.name, `"binary_data_size" is ${size}, but the body has ${left} bytes of binary data left`);
  }
  const bytes = binary.bytes.subarray(binary.position, binary.position + size);
  binary.position += size;
  return bytes;
}

import { ELEMENT_TYPES, type ElementType, storedBytes } from './element-type.ts';
import { EXTERNAL_LOCATION, STRING_ENTRY, TENSOR } from './onnx-fields.ts';
import type { PositionalFile } from './positional-file.ts';
import { unloadable } from './unloadable.ts';
import { type Field, fieldsOf, integerOf, integersOf, textOf } from './wire-reader.ts';

/** Where the elements of a tensor are when they are not in the .onnx file. */
export interface ExternalReference {
  readonly tensorName: string;
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** What a TensorProto says of itself, elements unread. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly elements: number;
  readonly bytes: number;
  readonly external: ExternalReference | undefined;
}

const MAX_RANK = 64;

/** @throws AppError `model_unloadable` */
export function readTensor(file: PositionalFile, tensor: Field): StoredTensor {
  let name = '';
  let typeCode = 0;
  let textBytes = 0;
  let isExternal = false;
  const shape: number[] = [];
  const place = new Map<string, string>();
  for (const field of fieldsOf(file, tensor)) {
    if (field.number === TENSOR.dims) {
      for (const dim of integersOf(file, field)) shape.push(dim);
      if (shape.length > MAX_RANK) throw unloadable(`A tensor has more than ${MAX_RANK} dimensions.`);
    } else if (field.number === TENSOR.dataType) typeCode = integerOf(file, field);
    else if (field.number === TENSOR.name) name = textOf(file, field);
    else if (field.number === TENSOR.stringData) textBytes += field.end - field.start;
    else if (field.number === TENSOR.dataLocation) isExternal = integerOf(file, field) === EXTERNAL_LOCATION;
    else if (field.number === TENSOR.externalData) place.set(...readEntry(file, field));
  }
  const type = ELEMENT_TYPES.get(typeCode);
  if (type === undefined) throw unloadable(`Tensor "${name}" has the unknown data type ${typeCode}.`);
  const elements = countElements(name, shape);
  const bytes = type.datatype === 'BYTES' ? textBytes : storedBytes(type, elements);
  const external = isExternal || place.size > 0 ? readReference(name, place, bytes) : undefined;
  return { name, type, elements, bytes, external };
}

function countElements(name: string, shape: readonly number[]): number {
  const elements = shape.reduce((product, dim) => product * dim, 1);
  if (shape.some((dim) => dim < 0) || !Number.isSafeInteger(elements)) {
    throw unloadable(`Tensor "${name}" has the impossible shape [${shape.join(', ')}].`);
  }
  return elements;
}

function readEntry(file: PositionalFile, entry: Field): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(file, entry)) {
    if (field.number === STRING_ENTRY.key) key = textOf(file, field);
    else if (field.number === STRING_ENTRY.value) value = textOf(file, field);
  }
  return [key, value];
}

function readReference(tensorName: string, place: ReadonlyMap<string, string>, bytes: number): ExternalReference {
  const location = place.get('location') ?? '';
  if (location === '') throw unloadable(`Tensor "${tensorName}" has external data, but no location for it.`);
  const number = (key: string, otherwise: number): number => {
    const text = place.get(key);
    if (text === undefined || text === '') return otherwise;
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw unloadable(`Tensor "${tensorName}" has external data with the impossible ${key} ${JSON.stringify(text)}.`);
  };
  return { tensorName, location, offset: number('offset', 0), length: number('length', bytes) };
}

import { DIMENSION, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './onnx-fields.ts';
import type { PositionalFile } from './positional-file.ts';
import { type Field, fieldsOf, integerOf, type Span, textOf } from './wire-reader.ts';

/** A dimension: its size, or −1 and the name that the model gives it, '' for none. */
export interface Dimension {
  readonly size: number;
  readonly name: string;
}

export type ValueType =
  /** A shape of undefined: not even the number of dimensions is known. */
  | { readonly kind: 'tensor'; readonly typeCode: number; readonly shape: readonly Dimension[] | undefined }
  | { readonly kind: 'sequence' | 'map' | 'sparse tensor' | 'optional' | 'value without a type' };

/** An input or output of a graph. */
export interface GraphValue {
  readonly name: string;
  readonly type: ValueType;
  /** Its whole field in the file. */
  readonly span: Span;
}

const OTHER_KINDS = new Map([
  [TYPE.sequence, 'sequence'],
  [TYPE.map, 'map'],
  [TYPE.sparseTensor, 'sparse tensor'],
  [TYPE.optional, 'optional'],
] as const);

/** @throws AppError `model_unloadable` */
export function readValue(file: PositionalFile, value: Field): GraphValue {
  let name = '';
  let type: ValueType = { kind: 'value without a type' };
  for (const field of fieldsOf(file, value)) {
    if (field.number === VALUE_INFO.name) name = textOf(file, field);
    else if (field.number === VALUE_INFO.type) type = readType(file, field) ?? type;
  }
  return { name, type, span: { start: value.tagStart, end: value.end } };
}

function readType(file: PositionalFile, type: Field): ValueType | undefined {
  let result: ValueType | undefined;
  for (const field of fieldsOf(file, type)) {
    if (field.number === TYPE.tensor) result = readTensorType(file, field);
    for (const [number, kind] of OTHER_KINDS) if (field.number === number) result = { kind };
  }
  return result;
}

function readTensorType(file: PositionalFile, tensor: Field): ValueType {
  let typeCode = 0;
  let shape: Dimension[] | undefined;
  for (const field of fieldsOf(file, tensor)) {
    if (field.number === TENSOR_TYPE.elementType) typeCode = integerOf(file, field);
    else if (field.number === TENSOR_TYPE.shape) shape = readShape(file, field);
  }
  return { kind: 'tensor', typeCode, shape };
}

function readShape(file: PositionalFile, shape: Field): Dimension[] {
  const dims: Dimension[] = [];
  for (const field of fieldsOf(file, shape)) {
    if (field.number === SHAPE.dim) dims.push(readDimension(file, field));
  }
  return dims;
}

/** Symbols and dimensions of which nothing is said are free: −1. */
function readDimension(file: PositionalFile, dimension: Field): Dimension {
  let size = -1;
  let name = '';
  for (const field of fieldsOf(file, dimension)) {
    if (field.number === DIMENSION.value) size = Math.max(-1, integerOf(file, field));
    else if (field.number === DIMENSION.parameter) name = textOf(file, field);
  }
  return { size, name };
}

import type { Datatype } from '../../../core/tensor/datatype.ts';

/** An element type of ONNX tensors. */
export interface ElementType {
  /** The Open Inference Protocol's name where it has one, else the standard's. */
  readonly name: string;
  /** Bits per stored element; 0 for strings, whose elements vary. */
  readonly bits: number;
  /** Set when a graph's inputs and outputs may have this type. */
  readonly datatype: Datatype | undefined;
}

/** Codes of `TensorProto.DataType` for the protocol's data types. */
export const DATATYPE_CODES: Readonly<Record<Datatype, number>> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
};

const served = (datatype: Datatype, bits: number): ElementType => ({ name: datatype, bits, datatype });
const stored = (name: string, bits: number): ElementType => ({ name, bits, datatype: undefined });

/** Every element type by its code in the file. */
export const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map([
  [1, served('FP32', 32)],
  [2, served('UINT8', 8)],
  [3, served('INT8', 8)],
  [4, served('UINT16', 16)],
  [5, served('INT16', 16)],
  [6, served('INT32', 32)],
  [7, served('INT64', 64)],
  [8, served('BYTES', 0)],
  [9, served('BOOL', 8)],
  [10, served('FP16', 16)],
  [11, served('FP64', 64)],
  [12, served('UINT32', 32)],
  [13, served('UINT64', 64)],
  [14, stored('COMPLEX64', 64)],
  [15, stored('COMPLEX128', 128)],
  // Weights may be BF16, but onnxruntime-node has no BF16 tensors to feed or to read.
  [16, stored('BF16', 16)],
  [17, stored('FLOAT8E4M3FN', 8)],
  [18, stored('FLOAT8E4M3FNUZ', 8)],
  [19, stored('FLOAT8E5M2', 8)],
  [20, stored('FLOAT8E5M2FNUZ', 8)],
  [21, stored('UINT4', 4)],
  [22, stored('INT4', 4)],
  [23, stored('FLOAT4E2M1', 4)],
  [24, stored('FLOAT8E8M0', 8)],
  [25, stored('UINT2', 2)],
  [26, stored('INT2', 2)],
]);

/** Bytes that `elements` elements of a type take up in a file, sub-byte types packed. */
export function storedBytes(type: ElementType, elements: number): number {
  return Math.ceil((elements * type.bits) / 8);
}

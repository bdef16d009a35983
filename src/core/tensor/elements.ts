import type { Datatype, TensorData } from './datatype.ts';

export type NumericDatatype = Exclude<Datatype, 'BYTES'>;
export type NumericData = Exclude<TensorData, readonly string[]>;

interface ElementArrayConstructor {
  new (length: number): NumericData;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericData;
}

/** The typed array that holds each data type. */
export const ELEMENT_ARRAYS: Readonly<Record<NumericDatatype, ElementArrayConstructor>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** Whether the elements are strings (BYTES). `Array.isArray` alone does not narrow readonly arrays. */
export function isTextData(data: TensorData): data is readonly string[] {
  return Array.isArray(data);
}

/** FP16 and BF16 have no JSON form in the protocol. */
export function isHalf(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'BF16';
}

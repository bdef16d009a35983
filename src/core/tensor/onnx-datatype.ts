import type { Datatype } from './datatype.ts';

/** By the numbers of ONNX's `TensorProto.DataType` (onnx.proto). */
const BY_ELEMENT_TYPE: ReadonlyMap<number, Datatype> = new Map([
  [1, 'FP32'],
  [2, 'UINT8'],
  [3, 'INT8'],
  [4, 'UINT16'],
  [5, 'INT16'],
  [6, 'INT32'],
  [7, 'INT64'],
  [8, 'BYTES'],
  [9, 'BOOL'],
  [10, 'FP16'],
  [11, 'FP64'],
  [12, 'UINT32'],
  [13, 'UINT64'],
  [16, 'BF16'],
]);

/** The protocol's data type for an ONNX element type; undefined for those without one (complex, 8- and 4-bit floats). */
export function datatypeFromOnnx(onnxElementType: number): Datatype | undefined {
  return BY_ELEMENT_TYPE.get(onnxElementType);
}

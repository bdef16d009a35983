/**
 * Field numbers of the messages in an .onnx file, for the reader and the writer.
 * Source: onnx/onnx.proto of the ONNX standard (IR version 13). Fields that nobody here reads are left out.
 */

export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  functions: 25,
} as const;

export const OPSET = { domain: 1, version: 2 } as const;

export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  sparseInitializer: 15,
} as const;

export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;

export const FUNCTION = { node: 7, attributeProto: 11 } as const;

export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  type: 20,
  sparseTensor: 22,
  sparseTensors: 23,
} as const;

/** Values of an attribute's `type` field. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;

/** Value of a tensor's `data_location` when its elements are in another file. */
export const EXTERNAL_LOCATION = 1;

export const SPARSE_TENSOR = { values: 1, indices: 2, dims: 3 } as const;

export const STRING_ENTRY = { key: 1, value: 2 } as const;

export const VALUE_INFO = { name: 1, type: 2 } as const;

export const TYPE = { tensor: 1, sequence: 4, map: 5, sparseTensor: 8, optional: 9 } as const;

export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;

export const SEQUENCE_TYPE = { elementType: 1 } as const;

export const MAP_TYPE = { keyType: 1, valueType: 2 } as const;

export const SHAPE = { dim: 1 } as const;

export const DIMENSION = { value: 1, parameter: 2 } as const;

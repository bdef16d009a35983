import type { Datatype, Tensor } from '../../../core/tensor/datatype.ts';

/** A tensor whose elements are in another file, relative to the model's directory. */
export interface ExternalTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly external: { readonly location: string; readonly offset?: number; readonly length?: number };
}

export type InitializerSpec = Tensor | ExternalTensor;

export type AttributeSpec =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly floats: ArrayLike<number> }
  | { readonly strings: readonly string[] }
  | { readonly tensor: InitializerSpec }
  | { readonly graph: GraphSpec };

export interface NodeSpec {
  readonly op: string;
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  /** `ai.onnx` unless given. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

/** A dimension: a size, a symbol that ties equal dimensions together, or −1 for one that is just free. */
export type DimensionSpec = number | string;

export type ValueSpec =
  | { readonly name: string; readonly datatype: Datatype; readonly shape: readonly DimensionSpec[] }
  /** What ZipMap gives: for each row a map from class label to score. */
  | { readonly name: string; readonly sequenceOfMaps: { readonly key: 'INT64' | 'BYTES'; readonly value: Datatype } };

export interface GraphSpec {
  readonly name?: string;
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly initializers?: readonly InitializerSpec[];
}

export interface ModelSpec {
  readonly graph: GraphSpec;
  /** Operator set versions by domain (`''` is ai.onnx). `{ '': 21 }` unless given. */
  readonly opsets?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
  readonly producer?: string;
  readonly producerVersion?: string;
}

/** An FP32 initializer. */
export function floatTensor(name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { name, datatype: 'FP32', shape, data: Float32Array.from(values) };
}

/** An INT64 initializer. */
export function integerTensor(name: string, shape: readonly number[], values: readonly (number | bigint)[]): Tensor {
  return { name, datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** A BYTES initializer of one dimension. */
export function stringTensor(name: string, values: readonly string[]): Tensor {
  return { name, datatype: 'BYTES', shape: [values.length], data: values };
}

import type { ModelSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';

/** A model as every contestant gets it: a file written from a seed, and what to feed it. */
export interface BenchmarkModel {
  /** Its id in the repository, and in the routes of every server. */
  readonly id: string;
  readonly title: string;
  readonly input: { readonly name: string; readonly datatype: 'FP32' | 'INT64'; readonly shape: readonly number[] };
  /** Whether the first dimension is free, so that requests may share a run. */
  readonly isBatchable: boolean;
  readonly build: () => ModelSpec;
  /** Elements of one request; another `seed` gives another request. */
  readonly elements: (seed: number) => Float32Array | BigInt64Array;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

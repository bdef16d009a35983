import { AppError } from '../errors.ts';
import type { ModelSignature } from '../model/signature.ts';
import { ASSUMED_DIMENSION, DEFAULT_CONTEXT_LENGTH, keyValueCacheBytes, largestActivationBytes } from './run-memory.ts';
import { cacheElementBytes, dominantDtype, parseWeightDtype, type WeightDtype, weightBytesOf } from './weight-dtype.ts';

/** How large a model is; it chooses the reservoir's size and the default batch and threads. */
export type AllocationStrategy = 'small_model' | 'medium_model' | 'large_model';

/** What a version is expected to use before it was ever measured, all its processes together. Sizes in whole bytes. */
export interface Allocation {
  /** The weights as they are stored, once. */
  readonly weightBytes: number;
  /** The weights once loaded: `weightBytes` times the load factor, for each process, or once where they are shared. */
  readonly modelBytes: number;
  /** Key/value cache of a decoder, else the largest known activation at the largest batch; and the states of sequences. */
  readonly cacheBytes: number;
  readonly dtesnBytes: number;
  /** What its runners use before they have loaded anything. */
  readonly runnerBaseBytes: number;
  /** The sum of `modelBytes`, `cacheBytes`, `dtesnBytes` and `runnerBaseBytes`. */
  readonly totalBytes: number;
  /** Elements of all stored tensors. */
  readonly parameterCount: number;
  readonly dtypeOptimization: WeightDtype;
  readonly strategy: AllocationStrategy;
}

/** What the engine and the attached DTESN add to any model. */
export interface Overheads {
  /** Resident bytes per byte of stored weights. Default 1.3. */
  readonly loadFactor?: number;
  readonly runnerBaseBytes: number;
  /** Default 0. */
  readonly dtesnBytes?: number;
  /** Processes that run it side by side. Default 1. */
  readonly runners?: number;
  /** Whether these have the weights once between them. Default false. */
  readonly sharesWeights?: boolean;
}

/** How a version will be run. */
export interface Sizing extends Overheads {
  readonly maxBatchSize: number;
  /** Sequences whose key/value caches live at once. Default 1. */
  readonly concurrentSequences?: number;
  /** Tokens. Undefined: 2048 for a cache, and 128 for each variable dimension of an activation. */
  readonly contextLength?: number | undefined;
  /** Of the states of all sequences that may be open at once. Default 0. */
  readonly stateBytes?: number;
}

/** The part of a model's inspection that its size follows from. */
export interface InspectedSize {
  /** Bytes of all stored tensors, external ones included, by the inspection's type names. */
  readonly weightBytesByDatatype: Readonly<Record<string, number>>;
  readonly parameterCount: number;
  readonly signature: ModelSignature;
}

/** A model that is described, not given. */
export interface ModelDescription {
  /** The number of weights: 8.03e9, not a size in bytes. */
  readonly parameters: number;
  /** `bf16`, `float16`, `int4`, … What the weights are kept in; sizes follow from it alone. */
  readonly dtype: string;
  /** These four go together; without them the description is of no decoder, and no cache is counted. */
  readonly contextLength?: number | undefined;
  readonly layers?: number | undefined;
  readonly kvHeads?: number | undefined;
  readonly headSize?: number | undefined;
  /** Default 1. */
  readonly sequences?: number | undefined;
}

export const DEFAULT_LOAD_FACTOR = 1.3;

/** Small below 10 billion parameters, medium below 40 billion, large from there on. */
export function strategyFor(parameterCount: number): AllocationStrategy {
  if (parameterCount < 10e9) return 'small_model';
  return parameterCount < 40e9 ? 'medium_model' : 'large_model';
}

/**
 * The estimate for a model file whose structure was read.
 *
 * Four-bit weights that an exporter packed into UINT8 tensors are seen as what they are stored as: their bytes are
 * right, their count and type are those of the bytes.
 */
export function estimateFromInspection(inspected: InspectedSize, sizing: Sizing): Allocation {
  const { signature, parameterCount, weightBytesByDatatype } = inspected;
  const { contextLength, concurrentSequences = 1, maxBatchSize, stateBytes = 0 } = sizing;
  const runBytes =
    keyValueCacheBytes(signature.inputs, contextLength ?? DEFAULT_CONTEXT_LENGTH, concurrentSequences) ??
    largestActivationBytes(signature, maxBatchSize, contextLength ?? ASSUMED_DIMENSION);
  const cacheBytes = runBytes + stateBytes;
  const weightBytes = Object.values(weightBytesByDatatype).reduce((sum, bytes) => sum + bytes, 0);
  return allocate({ weightBytes, cacheBytes, parameterCount, dtype: dominantDtype(weightBytesByDatatype) }, sizing);
}

/**
 * The estimate for a model that is only described. A model's name plays no part in it.
 *
 * Example: 8.03e9 parameters in bf16 are 16.06 GB; 32 layers × 8 heads × 128 × 8192 tokens × 2 bytes × 2 (keys and
 * values) are a cache of 1.07 GB.
 *
 * @throws AppError `invalid_request` when a figure is missing or below 1
 */
export function estimateFromDescription(description: ModelDescription, overheads: Overheads): Allocation {
  const dtype = parseWeightDtype(description.dtype);
  const parameterCount = Math.round(positive('parameters', description.parameters));
  const cacheBytes = describedCacheElements(description) * cacheElementBytes(dtype);
  return allocate({ weightBytes: weightBytesOf(parameterCount, dtype), cacheBytes, parameterCount, dtype }, overheads);
}

function describedCacheElements(description: ModelDescription): number {
  const { contextLength, layers, kvHeads, headSize, sequences = 1 } = description;
  const shape = Object.entries({ context_length: contextLength, layers, kv_heads: kvHeads, head_size: headSize });
  const missing = shape.filter(([, value]) => value === undefined).map(([name]) => name);
  if (missing.length === shape.length) return 0;
  if (missing.length > 0) {
    throw new AppError('invalid_request', `The key/value cache can not be sized without ${missing.join(', ')}.`, {
      next: 'Give context_length, layers, kv_heads and head_size together, or none of them for a model without a cache.',
    });
  }
  return shape.reduce(
    (product, [name, value]) => product * positive(name, value),
    2 * positive('sequences', sequences),
  );
}

function positive(name: string, value: number | undefined): number {
  if (value !== undefined && value >= 1 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw new AppError('invalid_request', `"${name}" must be a number of at least 1, got ${value}.`);
}

interface Sizes {
  readonly weightBytes: number;
  readonly cacheBytes: number;
  readonly parameterCount: number;
  readonly dtype: WeightDtype;
}

function allocate({ dtype, parameterCount, ...sizes }: Sizes, overheads: Overheads): Allocation {
  const { loadFactor = DEFAULT_LOAD_FACTOR, dtesnBytes = 0, runners = 1, sharesWeights = false } = overheads;
  const weightBytes = wholeBytes(sizes.weightBytes);
  const modelBytes = wholeBytes(weightBytes * loadFactor * (sharesWeights ? 1 : runners));
  const cacheBytes = wholeBytes(sizes.cacheBytes * runners);
  const runnerBaseBytes = wholeBytes(overheads.runnerBaseBytes * runners);
  return {
    weightBytes,
    modelBytes,
    cacheBytes,
    dtesnBytes,
    runnerBaseBytes,
    totalBytes: wholeBytes(modelBytes + cacheBytes + dtesnBytes + runnerBaseBytes),
    parameterCount,
    dtypeOptimization: dtype,
    strategy: strategyFor(parameterCount),
  };
}

/** Past 2^53 nothing fits anyway: what counts is that it stays a number that can be compared, added and shown. */
function wholeBytes(bytes: number): number {
  return Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER);
}

import { AppError } from '../errors.ts';

/** Bits per weight of each data type that weights are kept in. */
const BITS = { fp64: 64, fp32: 32, bf16: 16, fp16: 16, fp8: 8, int8: 8, int4: 4, fp4: 4, int2: 2 } as const;

/** What most of a model's weights are kept in, and so what its size follows from. */
export type WeightDtype = keyof typeof BITS;

// Object.keys has lost the literal types of an object whose keys are known.
export const WEIGHT_DTYPES = Object.keys(BITS) as readonly WeightDtype[];

/**
 * Names that people and model cards use. Whole names only: `bfloat16` contains `float16`, and `uint8` contains `int8`,
 * so a search for substrings finds the wrong one.
 */
const BY_NAME: ReadonlyMap<string, WeightDtype> = new Map([
  ['fp64', 'fp64'],
  ['float64', 'fp64'],
  ['double', 'fp64'],
  ['fp32', 'fp32'],
  ['float32', 'fp32'],
  ['float', 'fp32'],
  ['bf16', 'bf16'],
  ['bfloat16', 'bf16'],
  ['fp16', 'fp16'],
  ['float16', 'fp16'],
  ['half', 'fp16'],
  ['fp8', 'fp8'],
  ['float8', 'fp8'],
  ['int8', 'int8'],
  ['uint8', 'int8'],
  ['int4', 'int4'],
  ['uint4', 'int4'],
  ['fp4', 'fp4'],
  ['float4', 'fp4'],
  ['int2', 'int2'],
  ['uint2', 'int2'],
]);

/** @throws AppError `invalid_request` that lists the names */
export function parseWeightDtype(text: string): WeightDtype {
  const dtype = BY_NAME.get(text.trim().toLowerCase());
  if (dtype !== undefined) return dtype;
  throw new AppError('invalid_request', `Unknown dtype ${JSON.stringify(text.slice(0, 40))}.`, {
    next: `Use one of ${[...BY_NAME.keys()].join(', ')}.`,
  });
}

/** Bytes of so many weights, those below a byte packed. */
export function weightBytesOf(parameters: number, dtype: WeightDtype): number {
  return Math.ceil((parameters * BITS[dtype]) / 8);
}

/**
 * Bytes of one element of the key/value cache beside such weights. Quantising weights does not quantise the cache: it
 * stays in the 16 bits that the arithmetic is done in.
 */
export function cacheElementBytes(dtype: WeightDtype): number {
  return Math.max(BITS[dtype] / 8, 2);
}

/** Types of stored tensors by the names that an inspection gives them. FP8 and FP4 have several layouts. */
function dtypeOfStored(name: string): WeightDtype | undefined {
  if (name.startsWith('FLOAT8')) return 'fp8';
  if (name.startsWith('FLOAT4')) return 'fp4';
  return BY_NAME.get(name.toLowerCase());
}

/**
 * The data type with most of the weights' bytes; of equals the wider. Integers of 16 bits and more are shapes, indices
 * and biases of quantised layers, never a model's weights, and do not count. `fp32` where nothing is left.
 *
 * @param weightBytesByDatatype bytes by the inspection's names (`FP32`, `INT4`, `FLOAT8E4M3FN`)
 */
export function dominantDtype(weightBytesByDatatype: Readonly<Record<string, number>>): WeightDtype {
  const totals = new Map<WeightDtype, number>();
  for (const [name, bytes] of Object.entries(weightBytesByDatatype)) {
    const dtype = dtypeOfStored(name);
    if (dtype !== undefined && bytes > 0) totals.set(dtype, (totals.get(dtype) ?? 0) + bytes);
  }
  const ranked = [...totals].sort(([a, left], [b, right]) => right - left || BITS[b] - BITS[a]);
  return ranked[0]?.[0] ?? 'fp32';
}

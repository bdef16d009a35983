import { isBatchable, type ModelSignature, type TensorSpec } from '../model/signature.ts';
import { ELEMENT_BYTES } from '../tensor/datatype.ts';

/** What a model needs besides its weights while it runs, from its inputs and outputs alone. */

/** The context that a decoder's cache is sized for when nobody says one. */
export const DEFAULT_CONTEXT_LENGTH = 2048;

/** What a variable dimension other than the batch is taken for when nobody says one. */
export const ASSUMED_DIMENSION = 128;

/** A string in the runtime is an object of this size; its characters come on top and are unknown. */
const STRING_BYTES = 32;

/**
 * A cache input that an exporter named: a word for the past, a word for keys or values, and the layer's number, as in
 * `past_key_values.0.key`, `past_key_values.11.decoder.value`, `past_value_3` or `cache_k_2`. Names are compared word by
 * word: `past_values` (a forecaster's history) and `passkey_1` are no cache.
 */
function isCacheName(name: string): boolean {
  const words: readonly string[] = name.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
  const has = (...any: readonly string[]) => any.some((word) => words.includes(word));
  return has('past', 'cache') && has('key', 'value', 'k', 'v') && words.some((word) => /^\d/.test(word));
}

/**
 * Whether an input is one layer's past keys or values: named so, and of shape [batch, kv_heads, past_len, head_size],
 * where only the batch and the length may be variable. Some exporters swap the last three, so the length may be any.
 */
function isPastKeyValue(spec: TensorSpec): boolean {
  const perSequence = spec.shape.slice(1);
  const variable = perSequence.filter((dimension) => dimension < 0).length;
  return spec.shape.length === 4 && variable <= 1 && spec.datatype !== 'BYTES' && isCacheName(spec.name);
}

/**
 * Bytes of a decoder's key/value cache: 2 × layers × kv heads × head size × context × element size × sequences, as the
 * sum over its inputs, so that layers may differ. Undefined for a graph without past key/value inputs.
 *
 * Example: 32 layers of FP16 keys and values [−1, 8, −1, 128], context 8192, one sequence:
 * 64 inputs × 8 × 8192 × 128 × 2 bytes = 1,073,741,824 bytes.
 *
 * @param contextLength tokens, for a variable past length; a fixed one (a static cache) holds
 * @param sequences at once; a fixed batch dimension that is larger holds
 */
export function keyValueCacheBytes(
  inputs: readonly TensorSpec[],
  contextLength: number,
  sequences: number,
): number | undefined {
  const caches = inputs.filter(isPastKeyValue);
  if (caches.length === 0) return undefined;
  return caches.reduce((sum, spec) => {
    const [batch = 1, ...perSequence] = spec.shape;
    return sum + tensorBytes(spec, [Math.max(batch, sequences), ...filled(perSequence, contextLength)]);
  }, 0);
}

/**
 * Bytes of the largest tensor that is known to be in memory during a run: of the inputs and outputs, at the largest
 * batch. What lies between them is not in the signature; the measured footprint knows it.
 *
 * @param length what variable dimensions other than the batch are taken for
 */
export function largestActivationBytes(signature: ModelSignature, maxBatchSize: number, length: number): number {
  const rows = isBatchable(signature) ? maxBatchSize : length;
  const sizes = [...signature.inputs, ...signature.outputs].map((spec) =>
    tensorBytes(spec, [...filled(spec.shape.slice(0, 1), rows), ...filled(spec.shape.slice(1), length)]),
  );
  return Math.max(0, ...sizes);
}

function filled(shape: readonly number[], variable: number): number[] {
  return shape.map((dimension) => (dimension < 0 ? variable : dimension));
}

/** Capped at every step, so that an absurd shape is a very large number and never Infinity or NaN. */
function tensorBytes(spec: TensorSpec, shape: readonly number[]): number {
  const elementBytes = spec.datatype === 'BYTES' ? STRING_BYTES : ELEMENT_BYTES[spec.datatype];
  return shape.reduce((bytes, dimension) => Math.min(bytes * dimension, Number.MAX_SAFE_INTEGER), elementBytes);
}

import type { TensorSpec } from '../model/signature.ts';
import type { Datatype, Tensor, TensorData } from './datatype.ts';
import { elementCount } from './shape.ts';

const WORDS = ['warm', 'up', 'input', 'text', 'model', 'server'];

/** Where floats lie: the upper bound is not among them. */
export interface FloatRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A small made-up input; the same for the same seed. Integers are 0 or 1 (a valid index into any embedding of two
 * entries), BYTES short words, floats in [0, 1) unless told otherwise.
 *
 * @param rows the first dimension where it is variable; other variable dimensions are 1
 */
export function syntheticTensor(
  spec: TensorSpec,
  rows: number,
  seed: number,
  floats: FloatRange = { from: 0, to: 1 },
): Tensor {
  const shape = spec.shape.map((dimension, axis) => (dimension >= 0 ? dimension : axis === 0 ? rows : 1));
  const data = syntheticData(spec.datatype, elementCount(shape), uniform(seed), floats);
  return { name: spec.name, datatype: spec.datatype, shape, data };
}

function syntheticData(datatype: Datatype, count: number, next: () => number, floats: FloatRange): TensorData {
  const bit = () => (next() < 0.5 ? 0 : 1);
  const float = () => floats.from + next() * (floats.to - floats.from);
  const from = { length: count };
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return Uint8Array.from(from, bit);
    case 'UINT16':
      return Uint16Array.from(from, bit);
    case 'UINT32':
      return Uint32Array.from(from, bit);
    case 'UINT64':
      return BigUint64Array.from(Array.from(from, () => BigInt(bit())));
    case 'INT8':
      return Int8Array.from(from, bit);
    case 'INT16':
      return Int16Array.from(from, bit);
    case 'INT32':
      return Int32Array.from(from, bit);
    case 'INT64':
      return BigInt64Array.from(Array.from(from, () => BigInt(bit())));
    case 'FP16':
      return Float16Array.from(from, float);
    case 'BF16':
      return Uint16Array.from(new Uint32Array(Float32Array.from(from, float).buffer), (bits) => bits >>> 16);
    case 'FP32':
      return Float32Array.from(from, float);
    case 'FP64':
      return Float64Array.from(from, float);
    case 'BYTES':
      return Array.from(from, () => WORDS[Math.floor(next() * WORDS.length)] ?? '');
  }
}

/** Multiples of 2^-11 in [0, 1), exact in every float type, from the mulberry32 generator (Tommy Ettinger). */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 21) / 2 ** 11;
  };
}

const ROUNDS_PER_WORD = 2;
const FINAL_ROUNDS = 4;

/** The 64 bits of a hash, as two unsigned halves: numbers of JavaScript hold 53. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/**
 * HalfSipHash-2-4 with 64 bits of output and the key 0, over the text's UTF-16 code units, the low byte of each first.
 * It needs 32-bit arithmetic only, so that it is the same on every platform and about as fast as a copy of the text.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; the half-width variant is in the authors'
 * reference code (github.com/veorq/SipHash, halfsiphash.c).
 */
export function hash64(text: string): Hash64 {
  const state = new Int32Array([0, 0xee, 0x6c796765, 0x74656462]);
  const even = text.length - (text.length % 2);
  for (let i = 0; i < even; i += 2) absorb(state, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
  const rest = even < text.length ? text.charCodeAt(even) : 0;
  // The last word carries the length in bytes, modulo 256.
  absorb(state, ((2 * text.length) << 24) | rest);
  state[2] = at(state, 2) ^ 0xee;
  const low = squeeze(state);
  state[1] = at(state, 1) ^ 0xdd;
  return { low, high: squeeze(state) };
}

/** The upper 53 of the 64 bits, in [0, 1): all 64 would round up to 1 for the largest hashes. */
export function unitInterval({ high, low }: Hash64): number {
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** Sixteen hexadecimal digits. */
export function hexadecimal({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function absorb(state: Int32Array, word: number): void {
  state[3] = at(state, 3) ^ word;
  mix(state, ROUNDS_PER_WORD);
  state[0] = at(state, 0) ^ word;
}

function squeeze(state: Int32Array): number {
  mix(state, FINAL_ROUNDS);
  return (at(state, 1) ^ at(state, 3)) >>> 0;
}

function mix(state: Int32Array, rounds: number): void {
  let v0 = at(state, 0);
  let v1 = at(state, 1);
  let v2 = at(state, 2);
  let v3 = at(state, 3);
  for (let round = 0; round < rounds; round += 1) {
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function at(state: Int32Array, index: number): number {
  return state[index] ?? 0;
}

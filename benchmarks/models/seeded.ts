/** Numbers in [−scale, scale) by a 32-bit xorshift (Marsaglia 2003, shifts 13, 17, 5): same seed, same numbers. */
export function seededNumbers(count: number, seed: number, scale = 1): Float32Array {
  const values = new Float32Array(count);
  // Zero is xorshift's fixed point, and small seeds start with small numbers: spread them first.
  let state = Math.imul(seed + 1, 2_654_435_769) | 1;
  for (let i = 0; i < count; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (state / 2 ** 31) * scale;
  }
  return values;
}

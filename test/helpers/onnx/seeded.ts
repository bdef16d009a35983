/** Numbers in [−scale, scale) from a 32-bit linear congruential generator (Numerical Recipes' constants): same seed, same numbers. */
export function seededFloats(count: number, seed: number, scale = 1): Float32Array {
  const values = new Float32Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * scale;
  }
  return values;
}

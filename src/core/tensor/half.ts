/** The numbers that raw bfloat16 bits stand for: each is the upper half of a 32-bit float. */
export function bf16ToFloats(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (upper) => upper << 16);
  return new Float32Array(words.buffer);
}

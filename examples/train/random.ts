/** A source of numbers in [0, 1) that gives the same ones for the same seed, on every machine. */
export type Random = () => number;

/** A 32-bit xorshift generator (Marsaglia 2003, "Xorshift RNGs", the 13-17-5 triple). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = [...items];
  for (let i = keyed.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [keyed[i], keyed[j]];
    if (a !== undefined && b !== undefined) [keyed[i], keyed[j]] = [b, a];
  }
  return keyed;
}

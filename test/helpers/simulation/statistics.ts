/** The two-sided 95 % interval of a proportion (Wilson, 1927). */
export function wilson(successes: number, trials: number): { readonly lower: number; readonly upper: number } {
  const z = 1.959964;
  const share = successes / trials;
  const middle = share + z ** 2 / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  const scale = 1 + z ** 2 / trials;
  return { lower: Math.max(0, (middle - half) / scale), upper: Math.min(1, (middle + half) / scale) };
}

/** The smallest value that at least this share of the values does not exceed. Undefined without values. */
export function quantile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)];
}

/** Standard deviations by which the first sample lies above the second (Mann and Whitney, 1947; ties at random). */
export function mannWhitneyZ(first: readonly number[], second: readonly number[]): number {
  const [n, m] = [first.length, second.length];
  const ranked = [...first.map((value) => ({ value, own: true })), ...second.map((value) => ({ value, own: false }))];
  ranked.sort((a, b) => a.value - b.value);
  const rankSum = ranked.reduce((sum, { own }, index) => sum + (own ? index + 1 : 0), 0);
  const u = rankSum - (n * (n + 1)) / 2;
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}

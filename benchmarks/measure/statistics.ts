/** The middle of `values`, the mean of the two middle ones when their count is even; NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Nearest-rank percentile: the smallest value that at least `share` of all values do not exceed. Example: of ten
 * values, 0.99 gives the tenth, 0.5 the fifth. NaN when there are none.
 * @param share in (0, 1]
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  // 0.07 × 100 is a little more than 7 in floating point: without the margin the rank would be 8.
  const rank = Math.ceil(sorted.length * share - 1e-9);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

/** Latencies of one measurement, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export function summarize(latenciesMs: Iterable<number>): LatencySummary {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    count: sorted.length,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    p999Ms: percentile(sorted, 0.999),
    maxMs: sorted.at(-1) ?? Number.NaN,
  };
}

/** The median of each member: what several rounds of one measurement say together. */
export function medianSummary(rounds: readonly LatencySummary[]): LatencySummary {
  const of = (member: keyof LatencySummary): number => median(rounds.map((round) => round[member]));
  return { count: of('count'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), p999Ms: of('p999Ms'), maxMs: of('maxMs') };
}

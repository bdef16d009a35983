import type { LatencySummary } from '../overview/views.ts';

/** 64 ticks to a millisecond: the finest bucket ends at 15.6 µs. */
const TICKS_PER_MS = 64;
/** Four linear buckets per octave: a quantile's upper bound is at most a quarter too high. */
const PER_OCTAVE = 4;
/** The last bucket ends at 2^22 ticks = 65,536 ms; one more takes what is longer. */
const BUCKETS = 84;
const LARGEST_TICKS = 2 ** 22;

/**
 * The bucket of a duration. The first four end at 1, 2, 3 and 4 ticks; each octave after that has four of equal width.
 * Example: 0.15 ms = 9.6 → 10 ticks, n = 9 lies in octave 8..15, second bits 00 → bucket 8, which ends at 10 ticks.
 */
function bucketOf(ms: number): number {
  const ticks = Math.ceil(ms * TICKS_PER_MS);
  if (!(ticks > 1)) return 0;
  if (ticks > LARGEST_TICKS) return BUCKETS;
  const n = ticks - 1;
  if (n < PER_OCTAVE) return n;
  const exponent = 31 - Math.clz32(n);
  return (exponent - 2) * PER_OCTAVE + PER_OCTAVE + ((n >> (exponent - 2)) & 3);
}

/** Upper bound of a bucket in milliseconds. */
function boundOf(bucket: number): number {
  if (bucket >= BUCKETS) return Number.POSITIVE_INFINITY;
  if (bucket < PER_OCTAVE) return (bucket + 1) / TICKS_PER_MS;
  const octave = Math.floor(bucket / PER_OCTAVE) - 1;
  return ((PER_OCTAVE + (bucket % PER_OCTAVE) + 1) * 2 ** octave) / TICKS_PER_MS;
}

/** Durations in fixed exponential buckets. Recording allocates nothing. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS + 1);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** @param ms what is negative (a clock that was set back) counts as 0 */
  record(ms: number): void {
    const duration = ms > 0 ? ms : 0;
    const bucket = bucketOf(duration);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += duration;
    if (duration > this.#maxMs) this.#maxMs = duration;
  }

  /** Upper bound of the quantile `q` (0 to 1] in milliseconds; 0 while nothing was recorded. */
  quantile(q: number): number {
    const rank = Math.ceil(q * this.#count);
    let seen = 0;
    for (let bucket = 0; bucket <= BUCKETS; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(boundOf(bucket), this.#maxMs);
    }
    return this.#maxMs;
  }

  get count(): number {
    return this.#count;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      p50Ms: this.quantile(0.5),
      p90Ms: this.quantile(0.9),
      p99Ms: this.quantile(0.99),
      buckets: this.#octaves(),
    };
  }

  /** Cumulative counts at powers of two from 0.0625 ms to 65,536 ms, and Infinity. */
  #octaves(): LatencySummary['buckets'] {
    const octaves: { leMs: number; count: number }[] = [];
    let seen = 0;
    for (let bucket = 0; bucket <= BUCKETS; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (bucket % PER_OCTAVE === PER_OCTAVE - 1 || bucket === BUCKETS) {
        octaves.push({ leMs: boundOf(bucket), count: seen });
      }
    }
    return octaves;
  }
}

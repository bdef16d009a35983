/** Runs of a size that count: the latest. */
const KEPT = 8;
/** Fewer tell nothing: one of them may have been slow for a reason of its own. */
const ENOUGH = 3;
/** What is taken of them in ascending order: the upper quartile, which neither one slow run nor one fast run moves far. */
const QUANTILE = 0.75;
/** Shapes of inputs that are remembered. */
const SHAPES = 64;
/** How long it is believed without a further run, in runs, and at least in milliseconds. */
const TRUSTED_RUNS = 10;
const TRUSTED_MS = 1000;

interface RecentRuns {
  readonly durationsMs: number[];
  expectedMs: number | undefined;
  /** When the last one ended. */
  lastMs: number;
}

/** Requests that are run together, or one by itself. */
export interface RunSize {
  /** What runs of one kind have in common. */
  readonly kind: string | undefined;
  /** How much of it: rows, or elements. */
  readonly size: number;
}

/**
 * What a run takes, from its beginning to its last encoded answer, by what was seen of the latest runs of its kind and
 * about its size. Sizes are told apart by powers of two.
 *
 * Whoever is refused by an estimate is not run, and so nothing would ever tell that it holds no more: without a run it is
 * believed for ten times its length, and then forgotten. Trying it again takes a tenth of the time at most.
 */
export class RunEstimates {
  readonly #kinds = new Map<string | undefined, Map<number, RecentRuns>>();
  #longestMs = 0;

  /** No estimate is longer. */
  get longestMs(): number {
    return this.#longestMs;
  }

  note({ kind, size }: RunSize, durationMs: number, nowMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    const runs = this.#runsOf(kind, octaveOf(size), nowMs);
    if (runs.durationsMs.length === KEPT) runs.durationsMs.shift();
    runs.durationsMs.push(durationMs);
    runs.expectedMs = undefined;
    runs.lastMs = nowMs;
  }

  /**
   * In milliseconds; undefined while nothing is known of its kind. Of a size that was not seen it is the least that
   * those tell that were: no less than a smaller run, nor than its share of a larger one.
   */
  expectedMs({ kind, size }: RunSize, nowMs: number): number | undefined {
    const octaves = this.#kinds.get(kind);
    if (octaves === undefined) return undefined;
    const wanted = octaveOf(size);
    const own = known(octaves.get(wanted), nowMs);
    if (own !== undefined) return own;
    let least: number | undefined;
    for (const [octave, runs] of octaves) {
      const expectedMs = known(runs, nowMs);
      if (expectedMs !== undefined) least = Math.max(least ?? 0, expectedMs * 2 ** Math.min(0, wanted - octave));
    }
    return least;
  }

  #runsOf(kind: string | undefined, octave: number, nowMs: number): RecentRuns {
    let octaves = this.#kinds.get(kind);
    if (octaves === undefined) {
      octaves = new Map();
      this.#kinds.set(kind, octaves);
      const [oldest] = this.#kinds.keys();
      if (this.#kinds.size > SHAPES) this.#kinds.delete(oldest);
    }
    const runs = octaves.get(octave);
    if (runs !== undefined && isTrusted(runs, nowMs)) return runs;
    const fresh: RecentRuns = { durationsMs: [], expectedMs: undefined, lastMs: nowMs };
    octaves.set(octave, fresh);
    return fresh;
  }
}

/** 0 for 1, 1 for 2, 2 for 3 and 4, 3 for 5 to 8 … */
function octaveOf(size: number): number {
  return size <= 1 ? 0 : 32 - Math.clz32(size - 1);
}

function known(runs: RecentRuns | undefined, nowMs: number): number | undefined {
  if (runs === undefined || runs.durationsMs.length < ENOUGH || !isTrusted(runs, nowMs)) return undefined;
  return expectedOf(runs);
}

function isTrusted(runs: RecentRuns, nowMs: number): boolean {
  const ageMs = nowMs - runs.lastMs;
  return ageMs <= TRUSTED_MS || ageMs <= TRUSTED_RUNS * expectedOf(runs);
}

function expectedOf(runs: RecentRuns): number {
  if (runs.expectedMs === undefined) {
    const ascending = runs.durationsMs.toSorted((a, b) => a - b);
    runs.expectedMs = ascending[Math.floor(QUANTILE * (ascending.length - 1))] ?? 0;
  }
  return runs.expectedMs;
}

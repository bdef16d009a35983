import { type RunCurve, runCurve, type SeenRun } from './run-curve.ts';

/** Runs of a kind that count: the latest. */
const KEPT = 16;
/** Fewer tell nothing: one of them may have been slow for a reason of its own. */
const ENOUGH = 3;
/** Kinds that are remembered. */
const KINDS = 64;
/** How long they are believed without a further run, in runs, and at least in milliseconds. */
const TRUSTED_RUNS = 10;
const TRUSTED_MS = 1000;

/** Requests that are run together, or one by itself. */
export interface RunSize {
  /** What runs that can be compared have in common. */
  readonly kind: string | undefined;
  /** How much of it: rows, or elements; at least 1. */
  readonly size: number;
}

interface RecentRuns {
  runs: SeenRun[];
  /** When the last one ended. */
  lastMs: number;
  /** Made when it is asked for. */
  curve: RunCurve | undefined;
}

/**
 * What a run takes, from its beginning to its last encoded answer, by what was seen of the latest runs of its kind.
 *
 * Whoever is refused by an estimate is not run, and so nothing would ever tell that it holds no more: without a run it is
 * believed for ten times the length of the last one, and then forgotten. Trying again takes a tenth of the time at most.
 */
export class RunEstimates {
  readonly #kinds = new Map<string | undefined, RecentRuns>();
  #longestMs = 0;
  #longestMsBySize = 0;

  /** No estimate for that size is longer. Costs next to nothing, which making an estimate does not. */
  boundMs(size: number): number {
    return Math.max(this.#longestMs, this.#longestMsBySize * size);
  }

  note({ kind, size }: RunSize, ms: number, nowMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
    this.#longestMsBySize = Math.max(this.#longestMsBySize, ms / size);
    const recent = this.#recentOf(kind);
    if (!isTrusted(recent, nowMs)) recent.runs = [];
    else if (recent.runs.length === KEPT) recent.runs.shift();
    recent.runs.push({ size, ms });
    recent.lastMs = nowMs;
    recent.curve = undefined;
  }

  /** In milliseconds; undefined while nothing is known of its kind. */
  expectedMs({ kind, size }: RunSize, nowMs: number): number | undefined {
    return this.curveOf(kind, nowMs)?.expectedMs(size);
  }

  /** Undefined while nothing is known of the kind. */
  curveOf(kind: string | undefined, nowMs: number): RunCurve | undefined {
    const recent = this.#kinds.get(kind);
    if (recent === undefined || recent.runs.length < ENOUGH || !isTrusted(recent, nowMs)) return undefined;
    recent.curve ??= runCurve(recent.runs);
    return recent.curve;
  }

  #recentOf(kind: string | undefined): RecentRuns {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const fresh: RecentRuns = { runs: [], lastMs: Number.NEGATIVE_INFINITY, curve: undefined };
    this.#kinds.set(kind, fresh);
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size > KINDS) this.#kinds.delete(oldest);
    return fresh;
  }
}

function isTrusted({ runs, lastMs }: RecentRuns, nowMs: number): boolean {
  return nowMs - lastMs <= Math.max(TRUSTED_MS, TRUSTED_RUNS * (runs.at(-1)?.ms ?? 0));
}

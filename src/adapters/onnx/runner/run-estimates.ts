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
  readonly runs: SeenRun[];
  /** Where the next one goes: in the place of the oldest. */
  next: number;
  /** When the last one ended, and what it took. */
  endedAtMs: number;
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
    if (!isTrusted(recent, nowMs)) {
      recent.runs.length = 0;
      recent.next = 0;
    }
    recent.runs[recent.next] = { size, ms };
    recent.next = (recent.next + 1) % KEPT;
    recent.endedAtMs = nowMs;
    recent.lastMs = ms;
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
    const fresh: RecentRuns = { runs: [], next: 0, endedAtMs: Number.NEGATIVE_INFINITY, lastMs: 0, curve: undefined };
    this.#kinds.set(kind, fresh);
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size > KINDS) this.#kinds.delete(oldest);
    return fresh;
  }
}

function isTrusted({ endedAtMs, lastMs }: RecentRuns, nowMs: number): boolean {
  return nowMs - endedAtMs <= Math.max(TRUSTED_MS, TRUSTED_RUNS * lastMs);
}

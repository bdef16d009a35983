import type { Clock } from '../../ports/clock.ts';

/** From when on nothing is advanced on the word of others: it convicts nobody, so it may be soon. */
const OVERDUE_MS = 1000;
const OVERDUE_FACTOR = 10;

/** The live requests that the new version has not answered yet. */
export class OpenAttempts {
  readonly #clock: Clock;
  readonly #usualMs: () => number | undefined;
  readonly #open = new Set<{ readonly startedAt: number }>();

  /** @param usualMs the old version's 99th percentile of compute time, where it is known */
  constructor(clock: Clock, usualMs: () => number | undefined) {
    this.#clock = clock;
    this.#usualMs = usualMs;
  }

  add(attempt: { readonly startedAt: number }): void {
    this.#open.add(attempt);
  }

  delete(attempt: { readonly startedAt: number }): void {
    this.#open.delete(attempt);
  }

  /** Whether one of them has been there for far longer than is usual: it may never come back. */
  get isOverdue(): boolean {
    const before = this.#clock.monotonicMs() - Math.max(OVERDUE_MS, OVERDUE_FACTOR * (this.#usualMs() ?? 0));
    // The first is the oldest.
    for (const { startedAt } of this.#open) return startedAt < before;
    return false;
  }
}

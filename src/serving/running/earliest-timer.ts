import type { Clock } from '../ports/clock.ts';

/**
 * One timer for many deadlines: it fires at the earliest. A request whose deadline is later than what is armed costs a
 * comparison, and deadlines are mostly of one length, so that a timer per request is spared.
 */
export class EarliestTimer implements Disposable {
  readonly #clock: Clock;
  readonly #action: () => void;
  #armedFor = Number.POSITIVE_INFINITY;
  #timer: Disposable | undefined;

  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** @param atMs monotonic milliseconds; Infinity arms nothing */
  armBy(atMs: number): void {
    if (atMs >= this.#armedFor) return;
    this.#timer?.[Symbol.dispose]();
    this.#armedFor = atMs;
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.monotonicMs()), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#timer = undefined;
      this.#action();
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }
}

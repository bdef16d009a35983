import type { Clock } from '../../ports/clock.ts';

const WINDOW_MS = 1000;

/** How many requests come in a second, by the last whole one and what there is of this one. */
export class RequestRate {
  readonly #clock: Clock;
  #windowFromMs: number;
  #inWindow = 0;
  #before = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowFromMs = clock.monotonicMs();
  }

  note(): void {
    this.#roll();
    this.#inWindow += 1;
  }

  get perSecond(): number {
    this.#roll();
    return Math.max(this.#before, this.#inWindow);
  }

  #roll(): void {
    const elapsedMs = this.#clock.monotonicMs() - this.#windowFromMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#before = elapsedMs < 2 * WINDOW_MS ? this.#inWindow : 0;
    this.#inWindow = 0;
    this.#windowFromMs += Math.floor(elapsedMs / WINDOW_MS) * WINDOW_MS;
  }
}

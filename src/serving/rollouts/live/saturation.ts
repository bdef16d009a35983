import type { Clock } from '../../ports/clock.ts';

/** Without a sign of it for so long, it is over. */
const QUIET_MS = 2000;

/** For how long the new version has had more to do than it can, without a break. */
export class Saturation {
  readonly #clock: Clock;
  #sinceMs: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It had no room for a request, or did not get to it in time. */
  noteCrowded(): void {
    const now = this.#clock.monotonicMs();
    if (this.#sinceMs === undefined || now - this.#lastMs > QUIET_MS) this.#sinceMs = now;
    this.#lastMs = now;
  }

  /** In milliseconds; 0 while it keeps up. */
  get forMs(): number {
    const now = this.#clock.monotonicMs();
    if (this.#sinceMs === undefined || now - this.#lastMs > QUIET_MS) return 0;
    return now - this.#sinceMs;
  }
}

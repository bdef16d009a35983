/**
 * Completions per second between two completions: the last one of the warm-up, and the last one of the measured time.
 * A server that answers in batches completes in bursts; a window that starts and ends with a burst holds whole ones,
 * where a window by the clock would count a part of one too many or too few. Example: with completions at 1, 2, 3 and
 * 4 s and a warm-up of 1.5 s, the window is from 1 to 4 s and its rate 3 completions in 3 s.
 */
export class SteadyRate {
  readonly #warmUpEndsMs: number;
  #startMs: number | undefined;
  #endMs = 0;
  #count = 0;

  constructor(warmUpEndsMs: number) {
    this.#warmUpEndsMs = warmUpEndsMs;
  }

  /** Notes a completion; whether it is one of the window. */
  complete(atMs: number): boolean {
    if (this.#startMs === undefined || atMs < this.#warmUpEndsMs) {
      this.#startMs = atMs;
      return false;
    }
    this.#count += 1;
    this.#endMs = atMs;
    return true;
  }

  /** 0 before two completions. */
  get perSecond(): number {
    return this.#count === 0 ? 0 : (this.#count * 1000) / (this.#endMs - (this.#startMs ?? 0));
  }
}

/**
 * Keeps the event loop awake for a moment after work. A process that sleeps in the kernel is woken by its next request,
 * which takes some 20 µs of each; the sum for a client that sends one small request after the other is a seventh of its
 * time. It lingers only while requests come so quickly that it helps: an idle process sleeps.
 */
export class Linger {
  readonly #nowMs: () => number;
  readonly #soon: (action: () => void) => void;
  readonly #windowMs: number;
  /** Whether the last work came within the window after the work before it. */
  #isWorthwhile = false;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #isIdle = false;

  /** @param soon runs the action in the next turn of the event loop, which then does not sleep before it */
  constructor(windowMs: number, nowMs: () => number, soon: (action: () => void) => void) {
    this.#windowMs = windowMs;
    this.#nowMs = nowMs;
    this.#soon = soon;
  }

  /** There is work. */
  begin(): void {
    this.#isIdle = false;
    this.#isWorthwhile = this.#nowMs() - this.#sinceMs < this.#windowMs;
  }

  /** There is no more. */
  end(): void {
    this.#sinceMs = this.#nowMs();
    this.#isIdle = true;
    if (this.#isWorthwhile) this.#stayAwake();
  }

  readonly #stayAwake = (): void => {
    if (this.#isIdle && this.#nowMs() - this.#sinceMs < this.#windowMs) this.#soon(this.#stayAwake);
  };
}

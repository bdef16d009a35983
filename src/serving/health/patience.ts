import { AppError } from '../../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { waitUnlessAborted } from '../waiting.ts';

/** Bodies in flight mostly leave within a deadline; a load is not to be held up for longer than a person would wait. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** Whether a server that was too busy refused it: that says nothing about the model. */
export function isBusy(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === 'overloaded' || error.code === 'queue_full');
}

/** Tries again what a busy server refused. Its waiting is bounded in all, however many things it is used for. */
export class Patience {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #leftMs = PATIENCE_MS;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** @throws what `attempt` rejects with, `overloaded` and `queue_full` only once the patience is at its end */
  async insist<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!isBusy(error) || this.#leftMs <= 0) throw error;
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    this.#leftMs -= PAUSE_MS;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(PAUSE_MS, resolve);
    await waitUnlessAborted(promise, this.#signal);
  }
}

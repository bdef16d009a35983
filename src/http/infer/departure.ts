import type { ServerResponse } from 'node:http';
import type { CancelSignal } from '../../serving/ports/cancel-signal.ts';

/** Aborted when the client's connection ends before there was an answer to send. */
export class Departure implements CancelSignal {
  readonly #response: ServerResponse;
  #listeners: readonly (() => void)[] = [];
  #isWatching = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableEnded;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#response.on('close', () => this.#tell());
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  #tell(): void {
    // Closed after its answer, as every response is.
    if (this.#response.writableEnded) return;
    for (const listener of this.#listeners) listener();
  }
}

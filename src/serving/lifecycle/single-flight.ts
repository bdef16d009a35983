/** Work that several callers may wait for. Who stops waiting does not stop it. */
export interface Flight<V> {
  readonly done: Promise<V>;
  /** Asks the work itself to end; `done` then rejects as the work sees fit. */
  cancel(reason: unknown): void;
}

/** At most one piece of work per key at a time. */
export class SingleFlight<V> {
  readonly #flights = new Map<string, Flight<V>>();

  get(key: string): Flight<V> | undefined {
    return this.#flights.get(key);
  }

  /** The work under this key: what is under way, or else what `start` begins now. */
  run(key: string, start: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) return underWay;
    const controller = new AbortController();
    const done = this.#settle(key, start(controller.signal));
    // Nobody may be waiting: a failure is the starter's to record, not the process's to die of.
    done.catch(() => undefined);
    const flight: Flight<V> = { done, cancel: (reason) => controller.abort(reason) };
    this.#flights.set(key, flight);
    return flight;
  }

  cancelAll(reason: unknown): void {
    for (const flight of this.#flights.values()) flight.cancel(reason);
  }

  /** Resolves when nothing is under way, whatever came of it. */
  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.allSettled([...this.#flights.values()].map((flight) => flight.done));
  }

  async #settle(key: string, work: Promise<V>): Promise<V> {
    try {
      return await work;
    } finally {
      this.#flights.delete(key);
    }
  }
}

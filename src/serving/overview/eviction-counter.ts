export type EvictionReason = 'memory' | 'keep_alive';

/** How often versions were evicted, and for how long nobody had used them by then. */
export class EvictionCounter {
  readonly #byReason: Record<EvictionReason, number> = { memory: 0, keep_alive: 0 };
  #ageSumMs = 0;
  #lastAgeMs: number | undefined;

  /** @param ageMs since the last use */
  record(ageMs: number, reason: EvictionReason): void {
    this.#byReason[reason] += 1;
    this.#ageSumMs += ageMs;
    this.#lastAgeMs = ageMs;
  }

  get total(): number {
    return this.#byReason.memory + this.#byReason.keep_alive;
  }

  get byReason(): Readonly<Record<EvictionReason, number>> {
    return this.#byReason;
  }

  get ageSumMs(): number {
    return this.#ageSumMs;
  }

  get lastAgeMs(): number | undefined {
    return this.#lastAgeMs;
  }
}

import { LRUCache } from 'lru-cache';
import type { Resident } from '../lifecycle/resident.ts';

/**
 * In which order the resident versions were last used. The cache is never full, so it never drops anything by itself:
 * what is to go is decided by a plan that knows leases, pins and measured sizes, which change without any use.
 */
export class Recency {
  readonly #order = new LRUCache<string, Resident>({
    maxSize: Number.MAX_SAFE_INTEGER,
    // Sizes are the ledger's to know.
    sizeCalculation: () => 1,
  });

  /** A use. O(1): every request comes here. */
  touch(resident: Resident): void {
    if (this.#order.get(resident.key) === undefined) this.#order.set(resident.key, resident);
  }

  remove(resident: Resident): void {
    this.#order.delete(resident.key);
  }

  leastRecentFirst(): readonly Resident[] {
    return [...this.#order.rvalues()].filter((resident) => resident !== undefined);
  }
}

import type { Resident } from '../lifecycle/resident.ts';
import type { Retirement } from '../lifecycle/retirement.ts';
import type { Counters } from '../overview/counters.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

interface EvictionParts {
  readonly retirement: Retirement;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes idle versions out of memory. Nobody wanted them gone: the next request for one loads it again. */
export class Evictions {
  readonly #parts: EvictionParts;

  constructor(parts: EvictionParts) {
    this.#parts = parts;
  }

  /** From this moment it takes no requests. Resolves when its memory is free. */
  evict(resident: Resident, reason: 'memory' | 'keep_alive'): Promise<void> {
    const { retirement, counters, clock, logger } = this.#parts;
    const idleMs = clock.monotonicMs() - resident.lastUsedMs;
    counters.evictions.record(idleMs, reason);
    logger.info({ model: resident.label, reason, idleMs: Math.round(idleMs) }, 'model version evicted');
    return retirement.retire(resident);
  }
}

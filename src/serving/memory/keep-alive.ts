import type { Resident } from '../lifecycle/resident.ts';
import type { Clock } from '../ports/clock.ts';
import { EarliestTimer } from '../running/earliest-timer.ts';
import type { MemoryAccount } from './account.ts';
import type { Evictions } from './evictions.ts';

interface KeepAliveParts {
  readonly account: MemoryAccount;
  readonly evictions: Evictions;
  readonly clock: Clock;
}

/** Takes versions out of memory that nobody has used for as long as they are to be kept. Pinned ones stay. */
export class KeepAlive implements Disposable {
  readonly #parts: KeepAliveParts;
  readonly #timer: EarliestTimer;

  constructor(parts: KeepAliveParts) {
    this.#parts = parts;
    this.#timer = new EarliestTimer(parts.clock, () => this.#sweep());
  }

  /** To be called when a version becomes ready: from then on it is watched. */
  watch(resident: Resident): void {
    this.#timer.armBy(expiryMs(resident));
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** Uses since the timer was armed only put the moment off: it is armed anew for what is left. */
  #sweep(): void {
    const now = this.#parts.clock.monotonicMs();
    for (const resident of this.#parts.account.leastRecentFirst()) {
      if (resident.state !== 'ready') continue;
      const isOver = now >= expiryMs(resident);
      if (isOver && !isKept(resident)) void this.#parts.evictions.evict(resident, 'keep_alive');
      else this.#timer.armBy(isOver ? now + keepAliveMs(resident) : expiryMs(resident));
    }
  }
}

function isKept({ isInUse, pinned, inUpdate, successor }: Resident): boolean {
  return isInUse || pinned || inUpdate || successor !== undefined;
}

function expiryMs(resident: Resident): number {
  return resident.lastUsedMs + keepAliveMs(resident);
}

/** Infinity: until the memory is needed. */
function keepAliveMs(resident: Resident): number {
  return resident.loaded?.options.keepAliveMs ?? Number.POSITIVE_INFINITY;
}

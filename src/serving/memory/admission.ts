import { type EvictionPlan, planEviction } from '../../core/memory/eviction-plan.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Clock } from '../ports/clock.ts';
import { Turns } from '../turns.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { MemoryAccount } from './account.ts';
import type { Evictions } from './evictions.ts';
import { insufficientMemory, type Refusal } from './insufficient-memory.ts';

interface AdmissionParts {
  readonly account: MemoryAccount;
  readonly evictions: Evictions;
  readonly clock: Clock;
  /** How long a load waits for versions that are busy to become idle. */
  readonly waitMs: number;
}

export interface AdmissionTerms {
  /** False: only what is free already. Nothing is evicted for it, and it does not wait. */
  readonly mayEvict: boolean;
  readonly signal: AbortSignal;
}

/**
 * Decides which loads may begin, and frees memory for them. No load takes used and reserved bytes above the budget:
 * bytes are reserved before it begins, and the evictions for one load are over before the next is planned.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #turns = new Turns(1);
  #waiting = 0;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Loads that wait for busy versions to become idle. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What making room for so many bytes would mean now. Changes nothing. */
  plan(needBytes: number, mayEvict = true): EvictionPlan {
    const { account } = this.#parts;
    const { freeBytes } = account.figures();
    return planEviction({ needBytes, freeBytes, residents: mayEvict ? account.holders() : [] });
  }

  /**
   * Resolves when `bytes` are held for the instance. Evicts idle versions, least recently used first, where that
   * suffices; waits a bounded time for busy ones where it would suffice later.
   * @throws AppError `insufficient_memory`, with nothing changed; the signal's reason when it is aborted
   */
  async admit(resident: Resident, bytes: number, terms: AdmissionTerms): Promise<void> {
    const { account, clock, waitMs } = this.#parts;
    const waitUntilMs = clock.monotonicMs() + waitMs;
    for (;;) {
      const change = account.changed();
      const refusal = await this.#turns.run(() => this.#attempt(resident, bytes, terms));
      if (refusal === undefined) return;
      const leftMs = waitUntilMs - clock.monotonicMs();
      if (!terms.mayEvict || !refusal.mayFitLater || leftMs <= 0) throw this.#refused(resident, refusal);
      await this.#wait(change, leftMs, terms.signal);
    }
  }

  /** Evicts idle versions until the budget is kept again, or none is left: footprints can grow after admission. */
  relieve(): Promise<void> {
    return this.#turns.run(async () => {
      const { account } = this.#parts;
      if (account.figures().overBudgetBytes === 0) return;
      const plan = this.plan(0);
      const held = new Set(plan.fits ? [] : plan.holders.map(({ key }) => key));
      const idle = account.leastRecentFirst().filter(({ key }) => !held.has(key));
      await this.#evict(plan.fits ? plan.evict : idle.map(({ key }) => key));
    });
  }

  /** Undefined once the bytes are held; otherwise why they can not be. */
  async #attempt(resident: Resident, bytes: number, terms: AdmissionTerms): Promise<Refusal | undefined> {
    for (;;) {
      terms.signal.throwIfAborted();
      if (this.#parts.account.tryReserve(resident, bytes)) return undefined;
      const plan = this.plan(bytes, terms.mayEvict);
      if (!plan.fits) return plan;
      // What is measured meanwhile may be larger than before: then it is planned anew.
      await this.#evict(plan.evict);
    }
  }

  /** All of them stop taking requests at once, before anything else can happen. */
  async #evict(keys: readonly string[]): Promise<void> {
    const { account, evictions } = this.#parts;
    const chosen = account.leastRecentFirst().filter(({ key }) => keys.includes(key));
    await Promise.all(chosen.map((resident) => evictions.evict(resident, 'memory')));
  }

  async #wait(change: Promise<void>, leftMs: number, signal: AbortSignal): Promise<void> {
    const { promise: isOver, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(leftMs, resolve);
    this.#waiting += 1;
    try {
      await waitUnlessAborted(Promise.race([change, isOver]), signal);
    } finally {
      this.#waiting -= 1;
      timer[Symbol.dispose]();
    }
  }

  #refused(resident: Resident, refusal: Refusal): Error {
    const { account } = this.#parts;
    return insufficientMemory(resident.label, account.budgetBytes, refusal, (key) => account.labelOf(key));
  }
}

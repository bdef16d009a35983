import { type EvictionPlan, planEviction } from '../../core/memory/eviction-plan.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Counters } from '../overview/counters.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { Turns } from '../turns.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { MemoryAccount } from './account.ts';
import type { Evictions } from './evictions.ts';
import { insufficientMemory, type Refusal } from './insufficient-memory.ts';

interface AdmissionParts {
  readonly account: MemoryAccount;
  readonly evictions: Evictions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  /** How long a load waits for versions that are busy to become idle. */
  readonly waitMs: number;
  /** Measures the instances that share weights anew. */
  readonly measureSharers: () => Promise<void>;
}

export interface AdmissionTerms {
  readonly signal: AbortSignal;
  /** Does the waiting, without what the load holds meanwhile. */
  readonly standBack: (wait: () => Promise<void>) => Promise<void>;
}

/**
 * Decides which loads may begin, and frees memory for them. No load takes used and reserved bytes above the budget:
 * bytes are reserved before it begins, and the evictions for one load are over before the next is planned.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #turns = new Turns(1);
  #waiting = 0;
  #isOver = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Loads that wait for busy versions to become idle. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What making room for so many bytes would mean now. Changes nothing. */
  plan(needBytes: number, mayEvict = true, replaced?: Resident): EvictionPlan {
    const { account } = this.#parts;
    const { freeBytes } = account.figures();
    return planEviction({ needBytes, freeBytes, residents: mayEvict ? account.holders(replaced) : [] });
  }

  /**
   * Resolves when `bytes` are held for the instance. Evicts idle versions, least recently used first, where that
   * suffices; waits a bounded time for busy ones where it would suffice later. Where nothing may be evicted for it, what
   * is free must do, and it does not wait.
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
      if (!resident.mayEvict || !refusal.mayFitLater || leftMs <= 0) throw this.#refused(resident, refusal);
      await terms.standBack(() => this.#wait(change, leftMs, terms.signal));
    }
  }

  /** Evicts idle versions until the budget is kept again, or none is left: footprints can grow after admission. */
  relieve(): Promise<void> {
    return this.#turns.run(async () => {
      const { account } = this.#parts;
      this.#tellOverBudget();
      if (account.figures().overBudgetBytes === 0) return;
      const plan = this.plan(0);
      const held = new Set(plan.fits ? [] : plan.holders.map(({ key }) => key));
      const idle = account.leastRecentFirst().filter(({ key }) => !held.has(key));
      await this.#evict(plan.fits ? plan.evict : idle.map(({ key }) => key));
    });
  }

  /** It is told when it begins. */
  #tellOverBudget(): void {
    const { account, counters, logger } = this.#parts;
    const { overBudgetBytes, usedBytes, budgetBytes } = account.figures();
    const isOver = overBudgetBytes > 0;
    if (isOver && !this.#isOver) {
      counters.overBudget += 1;
      logger.warn({ usedBytes, budgetBytes }, 'models use more memory than the budget');
    }
    this.#isOver = isOver;
  }

  /** Undefined once the bytes are held; otherwise why they can not be. */
  async #attempt(resident: Resident, bytes: number, terms: AdmissionTerms): Promise<Refusal | undefined> {
    for (;;) {
      if (this.#parts.account.takeSharerGone()) await this.#parts.measureSharers();
      terms.signal.throwIfAborted();
      if (this.#parts.account.tryReserve(resident, bytes)) return undefined;
      const plan = this.plan(bytes, resident.mayEvict, this.#parts.account.predecessorOf(resident));
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

import type { EvictionPlan } from '../../core/memory/eviction-plan.ts';
import { MemoryLedger } from '../../core/memory/ledger.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Retirement } from '../lifecycle/retirement.ts';
import type { Counters } from '../overview/counters.ts';
import type { BudgetView } from '../overview/views.ts';
import type { PreparedModel } from '../ports/engine.ts';
import { MemoryAccount } from './account.ts';
import { Admission, type AdmissionTerms } from './admission.ts';
import { Evictions } from './evictions.ts';
import { Footprints, type Measurable } from './footprints.ts';
import { KeepAlive } from './keep-alive.ts';
import { type Requirement, Requirements } from './requirements.ts';

/** The memory of loaded models: who may have how much, who has it, and who gives it back. */
export class ModelMemory implements Disposable {
  readonly #account: MemoryAccount;
  readonly #requirements: Requirements;
  readonly #admission: Admission;
  readonly #footprints: Footprints;
  readonly #keepAlive: KeepAlive;

  constructor(dependencies: ServingDependencies, residency: Residency, retirement: Retirement, counters: Counters) {
    const { engine, clock, logger, store, memory } = dependencies;
    this.#account = new MemoryAccount({
      ledger: new MemoryLedger('host', memory.budgetBytes),
      residency,
      clock,
      sharedBytes: () => engine.sharedBytes(),
    });
    this.#requirements = new Requirements({ store, logger, runnerBaseBytes: engine.runnerBaseBytes });
    const evictions = new Evictions({ retirement, counters, clock, logger });
    const account = this.#account;
    this.#admission = new Admission({ account, evictions, clock, waitMs: memory.waitMs });
    this.#footprints = new Footprints({
      dependencies,
      account,
      admission: this.#admission,
      requirements: this.#requirements,
      counters,
    });
    this.#keepAlive = new KeepAlive({ account, evictions, clock });
  }

  /** Reads what is known of footprints, and begins to measure. */
  async begin(): Promise<void> {
    await this.#requirements.read();
    this.#footprints.begin();
  }

  /** What a load of this file needs. */
  requirement(prepared: PreparedModel, options: ModelOptions): Requirement {
    return this.#requirements.of(prepared, options);
  }

  /** What making room for so many bytes would mean now. Changes nothing. */
  plan(bytes: number): EvictionPlan {
    return this.#admission.plan(bytes);
  }

  /** What idle versions hold that may be evicted now. */
  couldBeFreedBytes(): number {
    // More than there can be: the refusal tells how much could be freed.
    const plan = this.#admission.plan(Number.MAX_SAFE_INTEGER);
    return plan.fits ? 0 : plan.couldBeFreedBytes;
  }

  /** How messages call the holder of a key. */
  labelOf(key: string): string {
    return this.#account.labelOf(key);
  }

  /** Holds memory for a load. @throws AppError `insufficient_memory` */
  async admit(
    resident: Resident,
    prepared: PreparedModel,
    options: ModelOptions,
    terms: AdmissionTerms,
  ): Promise<void> {
    resident.requirement = this.requirement(prepared, options);
    await this.#admission.admit(resident, resident.requirement.bytes, terms);
  }

  /** What a version that has just been loaded uses takes the place of what was held for it. */
  async settle(resident: Resident, measurable: Measurable): Promise<void> {
    await this.#footprints.settle(resident, measurable);
    // Where it needs more than was expected of it, others make room; the load does not wait for that.
    void this.#admission.relieve();
  }

  measure(resident: Resident, measurable: Measurable): Promise<void> {
    return this.#footprints.measure(resident, measurable);
  }

  /** The version can answer: from now on it is kept for as long as its options say. */
  watch(resident: Resident): void {
    this.#account.loaded(resident);
    this.#keepAlive.watch(resident);
  }

  /** The version is being used. Every request comes here. */
  touch(resident: Resident): void {
    this.#account.touch(resident);
  }

  release(resident: Resident): void {
    this.#account.release(resident);
  }

  view(): BudgetView {
    const { budgetBytes, usedBytes, reservedBytes, freeBytes } = this.#account.figures();
    return {
      budgetBytes,
      usedBytes,
      reservedBytes,
      freeBytes: Math.max(0, freeBytes),
      arenaBytes: this.#account.sharedBytes,
      loadsWaiting: this.#admission.waiting,
    };
  }

  /** Everything is being ended: nothing is measured or evicted any more. */
  [Symbol.dispose](): void {
    this.#footprints[Symbol.dispose]();
    this.#keepAlive[Symbol.dispose]();
  }
}

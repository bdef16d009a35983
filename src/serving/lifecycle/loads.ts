import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { Counters } from '../overview/counters.ts';
import type { Logger } from '../ports/logger.ts';
import { reasonOf } from '../reason.ts';
import { VersionStatistics } from '../running/statistics.ts';
import type { DesiredState } from './desired-state.ts';
import type { LoadTarget } from './load-target.ts';
import type { Loader } from './loader.ts';
import type { Residency } from './residency.ts';
import { type Loaded, Resident } from './resident.ts';
import type { Retirement } from './retirement.ts';
import { type Flight, SingleFlight } from './single-flight.ts';
import type { Succession } from './succession.ts';

interface LoadParts {
  readonly loader: Loader;
  readonly residency: Residency;
  readonly retirement: Retirement;
  readonly desired: DesiredState;
  readonly succession: Succession;
  readonly memory: ModelMemory;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** The loads that are under way: one per version. What each one leaves behind is decided here. */
export class Loads {
  readonly #parts: LoadParts;
  readonly #flights = new SingleFlight<Resident>();
  #closed: AppError | undefined;
  #instances = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  underWay(modelId: ModelId, version: VersionName): Flight<Resident> | undefined {
    return this.#flights.get(key(modelId, version));
  }

  /**
   * Joins the load of this version, or begins one. A version that is ready is loaded anew beside itself.
   * @throws the reason for which loads were closed
   */
  begin(target: LoadTarget): Flight<Resident> {
    if (this.#closed !== undefined) throw this.#closed;
    const joined = this.#parts.residency.find(target.modelId, target.version);
    // One that a restart began may be joined by somebody who asks for it.
    if (target.mayEvict && joined !== undefined) joined.mayEvict = true;
    return this.#flights.run(key(target.modelId, target.version), (signal) => this.#perform(target, signal));
  }

  /** Cancels what is under way and lets nothing begin any more. Resolves when it is quiet. */
  async close(reason: AppError): Promise<void> {
    this.#closed = reason;
    this.#flights.cancelAll(reason);
    await this.#flights.settled();
  }

  /** Up to its first wait this runs at once: the instance is in the residency when `begin` returns. */
  async #perform(target: LoadTarget, signal: AbortSignal): Promise<Resident> {
    const { loader, residency, counters, memory } = this.#parts;
    const previous = residency.find(target.modelId, target.version);
    const resident = this.#instance(target, previous);
    const beside = previous?.state === 'ready' ? previous : undefined;
    if (beside !== undefined) beside.successor = resident;
    else residency.put(resident);
    if (previous?.state === 'failed') void this.#retire(previous);
    counters.loads += 1;
    counters.cacheMisses += 1;
    try {
      const { loaded, undo } = await loader.load(resident, target.plan, signal);
      if (signal.aborted) await undo();
      signal.throwIfAborted();
      this.#becomeReady(resident, loaded, beside);
    } catch (error) {
      counters.failedLoads += 1;
      if (beside !== undefined) beside.successor = undefined;
      memory.noteChange();
      const leavesNothing = signal.aborted || beside !== undefined || mayPass(error);
      this.#leaveFailed(resident, error, leavesNothing ? 'nothing' : this.#trace(target, previous));
      throw error;
    }
    if (target.isTransient !== true) await this.record(resident);
    return resident;
  }

  #instance(target: LoadTarget, previous: Resident | undefined): Resident {
    const statistics = previous?.statistics ?? new VersionStatistics();
    const { modelId, version, settings, pinned } = target;
    this.#instances += 1;
    const mayServe = target.mayServe && this.#parts.succession.isOpenTo(modelId, version);
    const resident = new Resident(
      modelId,
      version,
      settings,
      { key: `${modelId}@${version}#${this.#instances}`, pinned, mayServe },
      statistics,
    );
    resident.mayEvict = target.mayEvict;
    resident.fire('load');
    return resident;
  }

  #trace(target: LoadTarget, previous: Resident | undefined): 'nothing' | 'reason' {
    return target.background || previous !== undefined ? 'reason' : 'nothing';
  }

  /** A first load that failed leaves nothing; one that nobody waited for, or that followed a failure, its reason. */
  #leaveFailed(resident: Resident, error: unknown, trace: 'nothing' | 'reason'): void {
    const { residency, logger } = this.#parts;
    const reason = reasonOf(error);
    logger.info({ model: resident.label, reason }, 'load failed');
    if (trace === 'nothing') {
      resident.fire('abandon');
      residency.remove(resident);
      return;
    }
    resident.fail('load_failed', reason);
    residency.rememberFailure(resident);
  }

  /** All at once: there is no moment at which nobody, or both, would answer. */
  #becomeReady(resident: Resident, loaded: Loaded, beside: Resident | undefined): void {
    const { residency, succession, memory, counters, logger } = this.#parts;
    resident.becomeReady(loaded);
    counters.successfulLoads += 1;
    counters.loadTimeMs += loaded.loadTimeMs;
    if (beside !== undefined) {
      residency.put(resident);
      beside.successor = undefined;
      void this.#retire(beside);
    }
    if (resident.mayServe) succession.offer(resident);
    memory.watch(resident);
    logger.info({ model: resident.label, loadTimeMs: loaded.loadTimeMs }, 'model version ready');
  }

  pin(resident: Resident, pinned: boolean): void {
    resident.pinned = pinned;
    this.#parts.memory.noteChange();
  }

  /** Notes that the version is to be here after a restart. Resolves once that is durable. */
  record(resident: Resident): Promise<void> {
    return this.#parts.desired.put({
      modelId: resident.modelId,
      version: resident.version,
      state: 'running',
      serving: this.#parts.residency.isServing(resident),
      pinned: resident.pinned,
      options: { ...resident.settings.options },
      source: resident.settings.source,
    });
  }

  #retire(resident: Resident): Promise<void> {
    return this.#parts.retirement.retire(resident);
  }
}

/** What kept the load from succeeding says nothing about the version, and may be over when it is asked for again. */
function mayPass(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'insufficient_memory' || error.code === 'overloaded');
}

function key(modelId: ModelId, version: VersionName): string {
  return `${modelId}@${version}`;
}

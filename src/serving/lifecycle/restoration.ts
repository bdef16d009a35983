import { type ModelId, parseModelId } from '../../core/model/model-id.ts';
import { parseVersion, type VersionSelector } from '../../core/model/version.ts';
import type { Logger } from '../ports/logger.ts';
import type { DesiredVersion } from '../ports/store.ts';
import { reasonOf } from '../reason.ts';
import type { DesiredState } from './desired-state.ts';
import { parseStoredOptions } from './load-options.ts';
import type { Loads, LoadTarget } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';

/** A version that the command line names. */
export interface Preload {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
}

interface RestorationParts {
  readonly desired: DesiredState;
  readonly repository: Repository;
  readonly residency: Residency;
  readonly loads: Loads;
  readonly logger: Logger;
  readonly required: readonly ModelId[];
  readonly isEnding: () => boolean;
}

type Job = () => Promise<unknown>;

/** Loads side by side: a load is mostly one thread's work, and the first requests come meanwhile. */
const PARALLEL_LOADS = 2;

/** Brings back what was resident before the restart, and loads what the command line names. */
export class Restoration {
  readonly #parts: RestorationParts;
  /** Required models whose first load has not ended yet. */
  readonly #pending: Set<ModelId>;

  constructor(parts: RestorationParts) {
    this.#parts = parts;
    this.#pending = new Set(parts.required);
  }

  /** Whether no required model is still on its way for the first time. */
  get isDone(): boolean {
    return this.#pending.size === 0;
  }

  /** Resolves when every load has ended, well or not. What fails is recorded, and the others go on. */
  async run(preload: readonly Preload[]): Promise<void> {
    const { desired } = this.#parts;
    const running = desired.running();
    const missing = preload.filter((each) => !isRestored(each, running));
    const jobs: Job[] = [
      ...running.filter((each) => each.serving).map((each) => this.#restoring(each)),
      ...missing.map((each) => () => this.#preload(each)),
      ...running.filter((each) => !each.serving).map((each) => this.#restoring(each)),
    ];
    const next = jobs.values();
    await Promise.all(Array.from({ length: PARALLEL_LOADS }, () => this.#work(next)));
    this.#pending.clear();
  }

  async #work(jobs: IterableIterator<Job>): Promise<void> {
    for (const job of jobs) {
      if (this.#parts.isEnding()) return;
      try {
        await job();
      } catch (error) {
        this.#parts.logger.error({ reason: reasonOf(error) }, 'a model could not be loaded at start');
      }
      this.#settle();
    }
  }

  /** A required model has had its chance once nothing of it is on its way any more. */
  #settle(): void {
    for (const modelId of this.#pending) {
      const serving = this.#parts.residency.find(modelId, undefined);
      if (serving?.state === 'ready') this.#pending.delete(modelId);
    }
  }

  #restoring(desired: DesiredVersion): Job {
    return async () => {
      const { repository, loads } = this.#parts;
      const modelId = parseModelId(desired.modelId);
      const version = parseVersion(desired.version);
      const files = await repository.require(modelId, version);
      const target: LoadTarget = {
        modelId,
        version,
        plan: { kind: 'catalog', files },
        settings: { source: desired.source, options: parseStoredOptions(desired.options) },
        pinned: desired.pinned,
        mayServe: desired.serving,
        background: true,
      };
      await this.#loadOnce(target, loads);
    };
  }

  async #preload({ modelId, version }: Preload): Promise<void> {
    const { repository, loads, desired } = this.#parts;
    const files = await repository.require(modelId, version);
    const known = desired.get(modelId, files.version);
    const target: LoadTarget = {
      modelId,
      version: files.version,
      plan: { kind: 'catalog', files },
      settings: { source: known?.source, options: parseStoredOptions(known?.options ?? {}) },
      pinned: known?.pinned ?? false,
      mayServe: true,
      background: true,
    };
    await this.#loadOnce(target, loads);
  }

  /** A request may have brought it here already. */
  async #loadOnce(target: LoadTarget, loads: Loads): Promise<void> {
    const resident = this.#parts.residency.find(target.modelId, target.version);
    if (resident !== undefined && resident.state !== 'loading') return;
    await loads.begin(target).done;
  }
}

/** A preload without a version is content with the version that serves. */
function isRestored(preload: Preload, running: readonly DesiredVersion[]): boolean {
  return running.some(
    (desired) =>
      desired.modelId === preload.modelId &&
      (preload.version === 'latest' ? desired.serving : desired.version === preload.version),
  );
}

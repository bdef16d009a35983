import { AppError } from '../../core/errors.ts';
import { type ModelId, parseModelId } from '../../core/model/model-id.ts';
import { parseVersion, type VersionName, type VersionSelector } from '../../core/model/version.ts';
import type { Logger } from '../ports/logger.ts';
import type { DesiredVersion } from '../ports/store.ts';
import { reasonOf } from '../reason.ts';
import type { DesiredState } from './desired-state.ts';
import { type LoadTarget, targetOnDisk } from './load-target.ts';
import type { Loads } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import type { Succession } from './succession.ts';

/** A version that the command line names. */
export interface Preload {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
}

interface RestorationParts {
  readonly desired: DesiredState;
  readonly repository: Repository;
  readonly residency: Residency;
  readonly succession: Succession;
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
    const atStart = new Set(missing.flatMap(({ modelId }) => desired.ofModel(modelId)));
    const jobs: Job[] = [
      ...running.filter((each) => each.serving).map((each) => () => this.#restore(each)),
      ...missing.map((each) => () => this.#preload(each, atStart)),
      ...running.filter((each) => !each.serving).map((each) => () => this.#restore(each)),
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
        this.#tell(error);
      }
      this.#settle();
    }
  }

  #tell(error: unknown): void {
    const { logger } = this.#parts;
    const reason = reasonOf(error);
    const isForWant = error instanceof AppError && error.code === 'insufficient_memory';
    if (isForWant) logger.info({ reason }, 'a model was left to be loaded by its first request');
    else logger.error({ reason }, 'a model could not be loaded at start');
  }

  /** A required model has had its chance once nothing of it is on its way any more. */
  #settle(): void {
    for (const modelId of this.#pending) {
      const serving = this.#parts.residency.find(modelId, undefined);
      if (serving?.state === 'ready') this.#pending.delete(modelId);
    }
  }

  async #restore(atStart: DesiredVersion): Promise<void> {
    const modelId = parseModelId(atStart.modelId);
    const version = parseVersion(atStart.version);
    // While it waited for its turn, a person may have stopped it; also while its files were looked for.
    if (this.#wanted(modelId, version) === undefined) return;
    const files = await this.#parts.repository.require(modelId, version);
    const wanted = this.#wanted(modelId, version);
    if (wanted === undefined) return;
    // What the memory does not hold beside the others is loaded by its first request, as if it had been evicted.
    await this.#loadOnce({ ...targetOnDisk(files, wanted, wanted.serving), mayEvict: false });
  }

  #wanted(modelId: ModelId, version: VersionName): DesiredVersion | undefined {
    const known = this.#parts.desired.get(modelId, version);
    return known?.state === 'running' ? known : undefined;
  }

  /** The command line overrules what was stopped before this start, and not what was stopped since. */
  async #preload({ modelId, version }: Preload, atStart: ReadonlySet<DesiredVersion>): Promise<void> {
    const { repository, desired, residency, succession, loads } = this.#parts;
    const files = await repository.require(modelId, version);
    const known = desired.get(modelId, files.version);
    if (known?.state === 'stopped' && !atStart.has(known)) return;
    await this.#loadOnce(targetOnDisk(files, known, true));
    const resident = residency.find(modelId, files.version);
    // A request may have brought it, which does not make it serve.
    if (resident?.state === 'ready' && succession.offer(resident)) await loads.record(resident);
  }

  /** A request may have brought it here already. */
  async #loadOnce(target: LoadTarget): Promise<void> {
    const resident = this.#parts.residency.find(target.modelId, target.version);
    if (resident !== undefined && resident.state !== 'loading') return;
    await this.#parts.loads.begin(target).done;
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

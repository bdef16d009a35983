import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { DesiredState } from './desired-state.ts';
import { parseStoredOptions } from './load-options.ts';
import type { Loads, LoadTarget } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import { notReady, type Resident } from './resident.ts';

interface OnDemandParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly loads: Loads;
  readonly isEnabled: () => boolean;
}

/** Finds the version that is to answer a request when it is not ready, loading it where that is allowed. */
export class OnDemand {
  readonly #parts: OnDemandParts;

  constructor(parts: OnDemandParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when a load that may help has ended well, or at once where one has; then the version is to be looked up
   * again. Waiting no longer than wanted is the caller's part.
   * @throws AppError `model_not_found`, `version_not_found`, `not_ready` with the reason and what to do
   */
  async obtain(modelId: ModelId, version: VersionName | undefined): Promise<void> {
    const found = this.#find(modelId, version) ?? (await this.#choose(modelId, version));
    if ('state' in found) await this.#await(found);
    else await this.#load(found);
  }

  /**
   * Whether a request would be answered now, or after a load that is under way or that it would begin itself.
   * @throws AppError `model_not_found`, `version_not_found`
   */
  async canAnswer(modelId: ModelId, version: VersionName | undefined): Promise<boolean> {
    try {
      const found = this.#find(modelId, version) ?? (await this.#choose(modelId, version));
      return !('state' in found) || found.state === 'ready' || found.state === 'loading';
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_ready') return false;
      throw error;
    }
  }

  /** The files to load, or what somebody else began to load while they were looked for. */
  async #choose(modelId: ModelId, version: VersionName | undefined): Promise<CatalogVersion | Resident> {
    const serving = this.#servedBefore(modelId);
    const files = await this.#parts.repository.require(modelId, version ?? serving ?? 'latest');
    const now = this.#find(modelId, version) ?? this.#parts.residency.find(modelId, files.version);
    if (now !== undefined) return now;
    this.#refuseUnlessAllowed(files, version ?? serving);
    return files;
  }

  #find(modelId: ModelId, version: VersionName | undefined): Resident | undefined {
    return this.#parts.residency.find(modelId, version) ?? this.#onItsWay(modelId, version);
  }

  /** The version that took the model's unpinned traffic when that was last decided. */
  #servedBefore(modelId: ModelId): VersionName | undefined {
    const serving = this.#parts.desired.ofModel(modelId).find((each) => each.state === 'running' && each.serving);
    // The stored name was a valid version when it was written.
    return serving?.version as VersionName | undefined;
  }

  /** Without a version: one that is being loaded and is to serve. */
  #onItsWay(modelId: ModelId, version: VersionName | undefined): Resident | undefined {
    if (version !== undefined) return undefined;
    return this.#parts.residency.ofModel(modelId).find((each) => each.state === 'loading' && each.mayServe);
  }

  async #await(resident: Resident): Promise<void> {
    if (resident.state === 'ready') return;
    const flight = this.#parts.loads.underWay(resident.modelId, resident.version);
    if (resident.state !== 'loading' || flight === undefined) throw notReady(resident);
    await this.#join(flight.done, resident.label);
  }

  #refuseUnlessAllowed(files: CatalogVersion, named: VersionName | undefined): void {
    const { desired, residency } = this.#parts;
    const { modelId, version } = files;
    if (!this.#parts.isEnabled()) throw notLoaded(modelId, version, 'is not loaded');
    if (desired.get(modelId, version)?.state === 'stopped') throw notLoaded(modelId, version, 'was unloaded');
    // Who serves is a person's decision once a model was loaded: a request must not change it.
    const wasStopped = desired.ofModel(modelId).some((each) => each.state === 'stopped');
    const decided = wasStopped || residency.ofModel(modelId).length > 0;
    if (named === undefined && decided) throw notLoaded(modelId, version, 'has no version that serves');
  }

  #load(files: CatalogVersion): Promise<void> {
    const flight = this.#parts.loads.begin(this.#target(files));
    return this.#join(flight.done, `${files.modelId}@${files.version}`);
  }

  #target(files: CatalogVersion): LoadTarget {
    const known = this.#parts.desired.get(files.modelId, files.version);
    return {
      modelId: files.modelId,
      version: files.version,
      plan: { kind: 'catalog', files },
      settings: { source: known?.source, options: parseStoredOptions(known?.options ?? {}) },
      pinned: known?.pinned ?? false,
      mayServe: true,
      background: true,
    };
  }

  /** What is wrong with a file is not wrong with a request: it can only be told that the model is not there. */
  async #join(load: Promise<unknown>, label: string): Promise<void> {
    try {
      await load;
    } catch (error) {
      throw new AppError(
        'not_ready',
        `${label} could not be loaded: ${error instanceof Error ? error.message : error}`,
        {
          cause: error,
          next: 'Load it when the reason is out of the way.',
        },
      );
    }
  }
}

function notLoaded(modelId: ModelId, version: VersionName, why: string): AppError {
  return new AppError('not_ready', `Model "${modelId}" ${why}.`, { next: `Load ${modelId} version ${version}.` });
}

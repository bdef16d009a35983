import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Counters } from '../overview/counters.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import { reasonOf } from '../reason.ts';
import type { DesiredState } from './desired-state.ts';
import { targetOnDisk } from './load-target.ts';
import type { Loads } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import { notReady, type Resident } from './resident.ts';
import type { Succession } from './succession.ts';

interface OnDemandParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly succession: Succession;
  readonly loads: Loads;
  readonly counters: Counters;
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
   * again. Until the claim that it gives is disposed of, the version is not evicted. Waiting no longer than wanted is the
   * caller's part.
   * @throws AppError `model_not_found`, `version_not_found`, `insufficient_memory`, `not_ready` with the reason and what
   *   to do
   */
  async obtain(modelId: ModelId, version: VersionName | undefined): Promise<Disposable> {
    for (;;) {
      const found = this.#find(modelId, version) ?? (await this.#choose(modelId, version));
      if (!('state' in found)) return this.#load(found);
      if (!this.#isBeingEvicted(found)) return this.#await(found);
      await found.retired;
    }
  }

  /**
   * Whether a request would be answered now, or after a load that is under way or that it would begin itself.
   * @throws AppError `model_not_found`, `version_not_found`
   */
  async canAnswer(modelId: ModelId, version: VersionName | undefined): Promise<boolean> {
    try {
      const found = this.#find(modelId, version) ?? (await this.#choose(modelId, version));
      if (!('state' in found)) return true;
      return found.state === 'ready' || found.state === 'loading' || this.#isBeingEvicted(found);
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_ready') return false;
      throw error;
    }
  }

  /** The files to load, or what somebody else began to load while they were looked for. */
  async #choose(modelId: ModelId, version: VersionName | undefined): Promise<CatalogVersion | Resident> {
    const files = await this.#look(modelId, version);
    const now = this.#find(modelId, version) ?? this.#parts.residency.find(modelId, files.version);
    if (now !== undefined) return now;
    this.#refuseUnlessAllowed(files, version);
    return files;
  }

  async #look(modelId: ModelId, version: VersionName | undefined): Promise<CatalogVersion> {
    const { repository, succession } = this.#parts;
    const chosen = version ?? succession.chosen(modelId);
    try {
      return await repository.require(modelId, chosen ?? 'latest');
    } catch (error) {
      const isMissing = error instanceof AppError && error.code === 'version_not_found';
      // A request that names no version has named nothing that could be wrong.
      if (isMissing && version === undefined) throw filesGone(modelId, chosen, error);
      throw error;
    }
  }

  #find(modelId: ModelId, version: VersionName | undefined): Resident | undefined {
    return this.#parts.residency.find(modelId, version) ?? this.#onItsWay(modelId, version);
  }

  /** Without a version: one that is being loaded and is to serve. */
  #onItsWay(modelId: ModelId, version: VersionName | undefined): Resident | undefined {
    if (version !== undefined) return undefined;
    return this.#parts.residency.ofModel(modelId).find((each) => each.state === 'loading' && each.mayServe);
  }

  /** Going, or gone since it was found, and by nobody's wish: it can be loaded again as soon as it is gone. */
  #isBeingEvicted({ modelId, version, state }: Resident): boolean {
    const isGoing = state === 'draining' || state === 'absent';
    return isGoing && this.#parts.desired.get(modelId, version)?.state !== 'stopped' && this.#parts.isEnabled();
  }

  async #await(resident: Resident): Promise<Disposable> {
    this.#parts.counters.cacheHits += 1;
    if (resident.state === 'ready') return resident.claim();
    const flight = this.#parts.loads.underWay(resident.modelId, resident.version);
    if (resident.state !== 'loading' || flight === undefined) throw notReady(resident);
    return this.#join(flight.done, resident);
  }

  #refuseUnlessAllowed(files: CatalogVersion, named: VersionName | undefined): void {
    const { desired, succession } = this.#parts;
    const { modelId, version } = files;
    if (!this.#parts.isEnabled()) throw notLoaded(modelId, version, 'is not loaded');
    if (desired.get(modelId, version)?.state === 'stopped') throw notLoaded(modelId, version, 'was unloaded');
    if (named !== undefined || succession.chosen(modelId) === version) return;
    if (succession.isDecided(modelId)) throw notLoaded(modelId, version, 'has no version that serves');
  }

  #load(files: CatalogVersion): Promise<Disposable> {
    const { desired, succession, loads, residency, counters } = this.#parts;
    const { modelId, version } = files;
    const mayServe = succession.chosen(modelId) === version || !succession.isDecided(modelId);
    // Somebody else may have begun it since the files were found.
    if (loads.underWay(modelId, version) !== undefined) counters.cacheHits += 1;
    const flight = loads.begin(targetOnDisk(files, desired.get(modelId, version), mayServe));
    return this.#join(flight.done, residency.find(modelId, version));
  }

  /** What is wrong with a file is not wrong with a request: it can only be told that the model is not there. */
  async #join(load: Promise<Resident>, instance: Resident | undefined): Promise<Disposable> {
    // Claimed before it is ready: otherwise it could be evicted again before its first request is at it.
    const claim = instance?.claim();
    try {
      const resident = await load;
      return claim ?? resident.claim();
    } catch (error) {
      claim?.[Symbol.dispose]();
      if (error instanceof AppError && error.code === 'insufficient_memory') throw error;
      throw new AppError('not_ready', `${instance?.label ?? 'The model'} could not be loaded: ${reasonOf(error)}`, {
        cause: error,
        next: 'Load it when the reason is out of the way.',
      });
    }
  }
}

function filesGone(modelId: ModelId, version: string | undefined, cause: unknown): AppError {
  return new AppError('not_ready', `Version ${version} serves model "${modelId}", and its files are not there.`, {
    cause,
    next: 'Put them back; or unload that version, then load another.',
  });
}

function notLoaded(modelId: ModelId, version: VersionName, why: string): AppError {
  return new AppError('not_ready', `Model "${modelId}" ${why}.`, { next: `Load ${modelId} version ${version}.` });
}

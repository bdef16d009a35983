import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Counters } from '../overview/counters.ts';
import type { DesiredVersion } from '../ports/store.ts';
import type { UnloadResult } from '../service.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { DesiredState } from './desired-state.ts';
import type { Loads } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import type { Resident } from './resident.ts';
import type { Retirement } from './retirement.ts';

interface UnloadParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly loads: Loads;
  readonly retirement: Retirement;
  readonly counters: Counters;
}

/** `DELETE`: drains and unloads, and notes that a person wanted it so. */
export class Unloads {
  readonly #parts: UnloadParts;

  constructor(parts: UnloadParts) {
    this.#parts = parts;
  }

  /** @throws AppError `model_not_found`, `version_not_found` where there is nothing to unload */
  async handle(modelId: ModelId, version: VersionName | undefined, signal: AbortSignal): Promise<UnloadResult> {
    const { residency, desired } = this.#parts;
    const isMeant = (each: { readonly version: string }) => version === undefined || each.version === version;
    const residents = residency.ofModel(modelId).filter(isMeant);
    const isAway = (each: DesiredVersion) => !residents.some((resident) => resident.version === each.version);
    const absent = desired.ofModel(modelId).filter((each) => isMeant(each) && each.state === 'running' && isAway(each));
    if (residents.length + absent.length === 0) throw await this.#nothingToUnload(modelId, version);
    const work = [...residents.map((each) => this.#unload(each)), ...absent.map((each) => this.#keepAway(each))];
    await waitUnlessAborted(Promise.all(work), signal);
    return { modelId, unloaded: [...residents, ...absent].map((each) => each.version) };
  }

  /** It is not here, and is meant to be: it waits for its turn after a restart, or could not be loaded. */
  #keepAway(desired: DesiredVersion): Promise<void> {
    return this.#parts.desired.put({ ...desired, state: 'stopped', serving: false });
  }

  async #unload(resident: Resident): Promise<void> {
    const { loads, retirement, counters } = this.#parts;
    if (resident.state === 'draining') return resident.retired;
    const flight = loads.underWay(resident.modelId, resident.version);
    const wasReady = resident.loaded !== undefined;
    const recorded = this.#recordStopped(resident);
    flight?.cancel(
      new AppError('conflict', `${resident.label} was unloaded while it was being loaded.`, { next: 'Load it again.' }),
    );
    // Ended loads remove what they began; one that had just become ready is left to be retired here.
    if (resident.state === 'loading') await flight?.done.catch(() => undefined);
    if (resident.state !== 'absent') await retirement.retire(resident);
    if (wasReady) counters.unloads += 1;
    await recorded;
  }

  /** A version that never was ready and came by a request leaves no files, and so nothing to be stopped. */
  async #recordStopped(resident: Resident): Promise<void> {
    const { desired } = this.#parts;
    const known = desired.get(resident.modelId, resident.version);
    if (known === undefined && resident.loaded === undefined && resident.settings.source !== undefined) return;
    await desired.put({
      modelId: resident.modelId,
      version: resident.version,
      state: 'stopped',
      serving: false,
      pinned: resident.pinned,
      options: { ...resident.settings.options },
      source: resident.settings.source,
    });
  }

  async #nothingToUnload(modelId: ModelId, version: VersionName | undefined): Promise<AppError> {
    await this.#parts.repository.versions(modelId);
    const what =
      version === undefined
        ? `No version of model "${modelId}" is loaded.`
        : `Version "${version}" of model "${modelId}" is not loaded.`;
    return new AppError('version_not_found', what, { next: 'There is nothing to unload.' });
  }
}

import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { DesiredState } from './desired-state.ts';
import type { Residency } from './residency.ts';
import type { Resident } from './resident.ts';

/**
 * Which version may come to take a model's unpinned traffic. The first one that is loaded does. From then on it is
 * that one's also while it is not here: it may be on its way after a restart, and a model that answers with a version
 * that nobody chose is worse than one that does not answer.
 */
export class Succession {
  readonly #residency: Residency;
  readonly #desired: DesiredState;

  constructor(residency: Residency, desired: DesiredState) {
    this.#residency = residency;
    this.#desired = desired;
  }

  /** The version that was last decided on, resident or not. */
  chosen(modelId: ModelId): VersionName | undefined {
    const chosen = this.#desired.ofModel(modelId).find((each) => each.state === 'running' && each.serving);
    // The stored name was a valid version when it was written.
    return chosen?.version as VersionName | undefined;
  }

  /** Whether somebody has loaded or unloaded a version: then who serves is a decision, and not a request's to make. */
  isDecided(modelId: ModelId): boolean {
    return this.#desired.ofModel(modelId).length > 0 || this.#residency.ofModel(modelId).length > 0;
  }

  /** Whether no other version has been chosen, or is being loaded to serve. */
  isOpenTo(modelId: ModelId, version: VersionName): boolean {
    const chosen = this.chosen(modelId);
    if (chosen !== undefined && chosen !== version) return false;
    const others = this.#residency.ofModel(modelId).filter((each) => each.version !== version);
    return !others.some((each) => each.state === 'loading' && each.mayServe);
  }

  /** Makes an instance that is ready serve, if nobody does and nobody else is to. Whether it now does. */
  offer(resident: Resident): boolean {
    const { modelId, version } = resident;
    if (this.#residency.find(modelId, undefined) !== undefined || !this.isOpenTo(modelId, version)) return false;
    this.#residency.serve(resident);
    return true;
  }
}

import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Resident } from './resident.ts';

interface ResidentModel {
  serving: Resident | undefined;
  readonly versions: Map<string, Resident>;
}

/** First loads that failed with nobody waiting are kept so that their reason can be read; the oldest go first. */
const MAX_REMEMBERED_FAILURES = 32;

/** Which versions are here, and which of them takes a model's unpinned traffic. It decides nothing by itself. */
export class Residency {
  readonly #models = new Map<string, ResidentModel>();
  readonly #failures = new Set<Resident>();

  /** The instance that would answer: of the version, or without one of the version that serves. */
  find(modelId: ModelId, version: VersionName | undefined): Resident | undefined {
    const model = this.#models.get(modelId);
    if (model === undefined) return undefined;
    return version === undefined ? model.serving : model.versions.get(version);
  }

  ofModel(modelId: ModelId): readonly Resident[] {
    return [...(this.#models.get(modelId)?.versions.values() ?? [])];
  }

  modelIds(): readonly ModelId[] {
    // Every model has at least one version, and versions carry the branded id.
    return [...this.#models.values()].flatMap((model) =>
      [...model.versions.values()].slice(0, 1).map((v) => v.modelId),
    );
  }

  all(): readonly Resident[] {
    return [...this.#models.values()].flatMap((model) => [...model.versions.values()]);
  }

  isServing(resident: Resident): boolean {
    return this.#models.get(resident.modelId)?.serving === resident;
  }

  /** Puts an instance in its version's place. What was there is the caller's to retire; if it served, this one does. */
  put(resident: Resident): void {
    const model = this.#models.get(resident.modelId) ?? { serving: undefined, versions: new Map() };
    this.#models.set(resident.modelId, model);
    const previous = model.versions.get(resident.version);
    model.versions.set(resident.version, resident);
    if (previous !== undefined && model.serving === previous) model.serving = resident;
    if (previous !== undefined) this.#failures.delete(previous);
  }

  /** From now on the model's unpinned traffic goes to it. Sequences that go on there must not find what they left behind. */
  serve(resident: Resident): void {
    const model = this.#models.get(resident.modelId);
    if (model === undefined) return;
    if (model.serving !== resident) model.serving?.loaded?.supervisor.forget(undefined);
    model.serving = resident;
  }

  /** Nobody takes the model's unpinned traffic any more, if this instance did. */
  unserve(resident: Resident): void {
    const model = this.#models.get(resident.modelId);
    if (model?.serving === resident) model.serving = undefined;
  }

  /** Nothing to do where another instance has taken its place. */
  remove(resident: Resident): void {
    const model = this.#models.get(resident.modelId);
    if (model?.versions.get(resident.version) !== resident) return;
    this.unserve(resident);
    this.#failures.delete(resident);
    model.versions.delete(resident.version);
    if (model.versions.size === 0) this.#models.delete(resident.modelId);
  }

  /** Keeps a version that never was ready, for its reason. */
  rememberFailure(resident: Resident): void {
    this.#failures.add(resident);
    if (this.#failures.size <= MAX_REMEMBERED_FAILURES) return;
    for (const oldest of this.#failures) {
      this.remove(oldest);
      return;
    }
  }
}

import type { ModelId } from '../../core/model/model-id.ts';
import { compareVersions, latestVersion, type VersionName } from '../../core/model/version.ts';
import type { ServingDependencies } from '../dependencies.ts';
import { withDeclaredState } from '../lifecycle/declared-state.ts';
import { effectiveOptions } from '../lifecycle/load-options.ts';
import { type Repository, versionNotFound } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import { reasonOf } from '../reason.ts';
import type { Inspections } from './inspections.ts';
import { absentView, inspectedMembers, residentView, stateOf, type TrafficShares } from './version-view.ts';
import type { ModelView, VersionView } from './views.ts';

/** What updates have to say of a model. */
interface ModelUpdates extends TrafficShares {
  previousVersion(modelId: ModelId): VersionName | undefined;
}

interface OverviewParts {
  readonly dependencies: ServingDependencies;
  readonly repository: Repository;
  readonly residency: Residency;
  readonly inspections: Inspections;
  readonly updates: ModelUpdates;
}

/** Models and versions as they are told of: what is on disk, under what is resident. */
export class Overview {
  readonly #parts: OverviewParts;
  constructor(parts: OverviewParts) {
    this.#parts = parts;
  }

  async listModels(): Promise<readonly ModelView[]> {
    const { versions } = await this.#parts.dependencies.catalog.list();
    const byModel = Map.groupBy(versions, (files) => files.modelId);
    const ids = new Set([...byModel.keys(), ...this.#parts.residency.modelIds()]);
    return [...ids].toSorted().map((modelId) => this.#model(modelId, byModel.get(modelId) ?? []));
  }

  /** @throws AppError `model_not_found` */
  async describeModel(modelId: ModelId): Promise<ModelView> {
    return this.#model(modelId, await this.#parts.repository.versions(modelId));
  }

  /** The named version, or the one that serves, or the latest. @throws AppError `model_not_found`, `version_not_found` */
  async describeVersion(modelId: ModelId, version: VersionName | undefined): Promise<VersionView> {
    const resident = this.#parts.residency.find(modelId, version);
    if (resident !== undefined) return residentView(resident, this.#parts.residency, this.#parts.updates);
    const onDisk = await this.#parts.repository.versions(modelId);
    const model = this.#model(modelId, onDisk);
    const view = pick(modelId, model, version ?? model.servingVersion ?? model.latestVersion);
    const files = onDisk.find((each) => each.version === view.version);
    return view.state === 'absent' && files !== undefined ? this.#inspected(view, files) : view;
  }

  /** A version that is not loaded still has inputs and outputs, which clients ask for before their first request. */
  async #inspected(view: VersionView, files: CatalogVersion): Promise<VersionView> {
    try {
      const prepared = withDeclaredState(await this.#parts.inspections.of(files), files.manifest);
      const options = effectiveOptions(files.manifest, {}, undefined);
      return { ...view, ...inspectedMembers(prepared), stateful: stateOf(prepared, options, 0) };
    } catch (error) {
      return { ...view, reason: reasonOf(error) };
    }
  }

  /** The version that serves, or the latest that is resident, or the latest. @throws AppError `model_not_found` */
  async health(modelId: ModelId): Promise<VersionView> {
    const { residency } = this.#parts;
    if (residency.find(modelId, undefined) !== undefined) return this.describeVersion(modelId, undefined);
    const latest = latestVersion(residency.ofModel(modelId).map((resident) => resident.version));
    return this.describeVersion(modelId, latest);
  }

  residentVersions(): readonly VersionView[] {
    return this.#parts.residency
      .all()
      .map((resident) => residentView(resident, this.#parts.residency, this.#parts.updates));
  }

  #model(modelId: ModelId, onDisk: readonly CatalogVersion[]): ModelView {
    const { residency, dependencies } = this.#parts;
    const resident = residency.ofModel(modelId).map((each) => residentView(each, residency, this.#parts.updates));
    const loaded = new Set<string>(resident.map((view) => view.version));
    const absent = onDisk
      .filter((files) => !loaded.has(files.version))
      .map((files) => absentView(files, dependencies.limits.defaultTimeoutMs));
    const versions = [...resident, ...absent].toSorted((a, b) => compareVersions(a.version, b.version));
    const serving = residency.find(modelId, undefined);
    const latest = versions.at(-1)?.version;
    const described = onDisk.find((files) => files.version === (serving?.version ?? latest));
    return {
      modelId,
      description: described?.manifest.description,
      servingVersion: serving?.version,
      previousVersion: this.#parts.updates.previousVersion(modelId),
      latestVersion: latest,
      versions,
    };
  }
}

function pick(modelId: ModelId, model: ModelView, version: string | undefined): VersionView {
  const view = model.versions.find((each) => each.version === version);
  if (view === undefined) throw versionNotFound(modelId, version ?? 'latest', model.versions);
  return view;
}

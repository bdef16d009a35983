import { AppError } from '../../core/errors.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { RolloutOptions } from '../../core/rollout/rollout-config.ts';
import type { DesiredState } from '../lifecycle/desired-state.ts';
import { refuseDifferences } from '../lifecycle/load-agreement.ts';
import { LoadPlans, sourcePlan } from '../lifecycle/load-plans.ts';
import { type LoadTarget, requestedTarget } from '../lifecycle/load-target.ts';
import type { Repository } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { LoadRequest } from '../service.ts';
import type { UpdateRequest } from './service.ts';

interface TargetParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
}

export interface UpdateTarget {
  readonly target: LoadTarget;
  /** Whether its files are here already, so that its needs can be told before it is loaded. */
  readonly isOnDisk: boolean;
  /** How the manifest wants updates to be steered. */
  readonly strategy: RolloutOptions;
}

/** What an update is to: which version, and where its files come from. */
export class UpdateTargets {
  readonly #parts: TargetParts;
  readonly #plans: LoadPlans;

  constructor(parts: TargetParts) {
    this.#parts = parts;
    this.#plans = new LoadPlans(parts.repository, parts.desired);
  }

  /** @throws AppError `model_not_found`, `version_not_found`, `conflict` */
  async find(request: UpdateRequest, serving: VersionName, signal: AbortSignal): Promise<UpdateTarget> {
    const load = loadRequestOf(request);
    const version = await this.#versionOf(request);
    if (version === serving) throw isServing(request, version);
    const { residency, desired } = this.#parts;
    const { modelId } = request;
    const there = residency.find(modelId, version);
    if (there?.state === 'ready') await refuseDifferences(there, load, this.#parts.repository, signal);
    const plan =
      request.source !== undefined && request.newVersion === 'latest'
        ? sourcePlan(load, request.source)
        : await this.#plans.choose(load, version, signal);
    const last = { resident: there, known: desired.get(modelId, version) };
    const target = requestedTarget(load, version, plan, last);
    const strategy = plan.kind === 'catalog' ? (plan.files.manifest.strategy ?? {}) : {};
    return { target, isOnDisk: plan.kind === 'catalog', strategy };
  }

  async #versionOf({ modelId, newVersion, source }: UpdateRequest): Promise<VersionName> {
    const { repository } = this.#parts;
    if (newVersion !== 'latest') return newVersion;
    if (source === undefined) return (await repository.require(modelId, 'latest')).version;
    return repository.nextVersion(modelId, await repository.takenNames(modelId));
  }
}

function loadRequestOf({ modelId, newVersion, source, sha256, options }: UpdateRequest): LoadRequest {
  return {
    modelId,
    version: newVersion,
    source,
    sha256,
    options,
    pinned: undefined,
    forceReload: false,
    wait: false,
  };
}

function isServing({ modelId }: UpdateRequest, version: VersionName): AppError {
  return new AppError('conflict', `${modelId} version ${version} serves already.`, {
    next: 'Name another version; a file that has changed is another version too.',
  });
}

import { type Allocation, estimateFromDescription, type ModelDescription } from '../../core/memory/estimate.ts';
import type { Holder } from '../../core/memory/eviction-plan.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import { DEFAULT_OPTIONS, refuseContradiction } from '../../core/model/options.ts';
import type { VersionSelector } from '../../core/model/version.ts';
import type { ServingDependencies } from '../dependencies.ts';
import { refuseInstances, withDeclaredState } from '../lifecycle/declared-state.ts';
import type { DesiredState } from '../lifecycle/desired-state.ts';
import { effectiveOptions } from '../lifecycle/load-options.ts';
import { requestedOptions } from '../lifecycle/load-target.ts';
import type { Repository } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { Inspections } from '../overview/inspections.ts';
import type { LoadOptions } from '../service.ts';
import type { ModelMemory } from './model-memory.ts';
import { type Requirement, runnersOf } from './requirements.ts';

export interface DryRunRequest {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
  readonly options: LoadOptions;
  readonly forceReload: boolean;
  /** Of a model that need not be here. Undefined: the files are looked at. */
  readonly description: ModelDescription | undefined;
}

export interface DryRunView {
  readonly modelId: string;
  /** Undefined for a model that is only described. */
  readonly version: string | undefined;
  readonly isResident: boolean;
  readonly allocation: Allocation;
  readonly neededBytes: number;
  readonly basis: Requirement['basis'];
  readonly isAdmitted: boolean;
  readonly wouldEvict: readonly string[];
  readonly budgetBytes: number;
  readonly freeBytes: number;
  readonly couldBeFreedBytes: number;
  readonly holders: readonly { readonly model: string; readonly bytes: number; readonly reason: Holder['reason'] }[];
}

interface DryRunParts {
  readonly dependencies: ServingDependencies;
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly inspections: Inspections;
  readonly memory: ModelMemory;
}

/** What a load would need, whether it would be admitted, and who would have to go. It changes nothing. */
export class DryRuns {
  readonly #parts: DryRunParts;

  constructor(parts: DryRunParts) {
    this.#parts = parts;
  }

  /** @throws AppError `model_not_found`, `version_not_found`, `model_unloadable`; `invalid_request` for a description */
  async handle(request: DryRunRequest): Promise<DryRunView> {
    return request.description === undefined
      ? this.#ofFiles(request)
      : this.#ofDescription(request, request.description);
  }

  #ofDescription(request: DryRunRequest, description: ModelDescription): DryRunView {
    const { runnerBaseBytes } = this.#parts.dependencies.engine;
    const runners = runnersOf({ ...DEFAULT_OPTIONS, ...request.options });
    const allocation = estimateFromDescription(description, { runnerBaseBytes, ...runners });
    const requirement = { allocation, bytes: allocation.totalBytes, basis: 'estimated' as const };
    return { ...this.#view(request, requirement, undefined), version: undefined };
  }

  async #ofFiles(request: DryRunRequest): Promise<DryRunView> {
    const { dependencies, repository, residency, desired, inspections, memory } = this.#parts;
    const files = await repository.require(request.modelId, request.version);
    const resident = residency.find(request.modelId, files.version);
    const last = { resident, known: desired.get(request.modelId, files.version) };
    const requested = requestedOptions(request.options, last);
    const options = effectiveOptions(files.manifest, requested, dependencies.limits.defaultTimeoutMs);
    refuseContradiction(options);
    const prepared = withDeclaredState(await inspections.of(files), files.manifest);
    refuseInstances(prepared, options);
    const requirement = memory.requirement(prepared, options);
    const present = resident?.state === 'ready' || resident?.state === 'loading' ? resident : undefined;
    return { ...this.#view(request, requirement, present), version: files.version };
  }

  /** @param present the instance that is in memory, or on its way there */
  #view(request: DryRunRequest, { allocation, bytes, basis }: Requirement, present: Resident | undefined) {
    const { memory } = this.#parts;
    const { budgetBytes, freeBytes } = memory.view();
    // One that is in memory needs nothing more, unless it is loaded anew beside itself; then it can not go for it.
    const isHit = present !== undefined && !request.forceReload;
    const plan = memory.plan(isHit ? 0 : bytes, present);
    return {
      modelId: request.modelId,
      isResident: present !== undefined,
      allocation,
      neededBytes: bytes,
      basis,
      isAdmitted: isHit || plan.fits,
      wouldEvict: plan.fits && !isHit ? plan.evict.map((key) => memory.labelOf(key)) : [],
      budgetBytes,
      freeBytes,
      couldBeFreedBytes: memory.couldBeFreedBytes(),
      holders: plan.fits ? [] : plan.holders.map(({ key, ...rest }) => ({ ...rest, model: memory.labelOf(key) })),
    };
  }
}

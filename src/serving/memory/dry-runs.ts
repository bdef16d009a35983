import { type Allocation, estimateFromDescription, type ModelDescription } from '../../core/memory/estimate.ts';
import type { Holder } from '../../core/memory/eviction-plan.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionSelector } from '../../core/model/version.ts';
import type { ServingDependencies } from '../dependencies.ts';
import { effectiveOptions } from '../lifecycle/load-options.ts';
import type { Repository } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Inspections } from '../overview/inspections.ts';
import type { LoadOptions } from '../service.ts';
import type { ModelMemory } from './model-memory.ts';
import type { Requirement } from './requirements.ts';

export interface DryRunRequest {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
  readonly options: LoadOptions;
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
    const allocation = estimateFromDescription(description, { runnerBaseBytes });
    const requirement = { allocation, bytes: allocation.totalBytes, basis: 'estimated' as const };
    return { ...this.#view(request, requirement, false), version: undefined };
  }

  async #ofFiles(request: DryRunRequest): Promise<DryRunView> {
    const { dependencies, repository, residency, inspections, memory } = this.#parts;
    const files = await repository.require(request.modelId, request.version);
    const options = effectiveOptions(files.manifest, request.options, dependencies.limits.defaultTimeoutMs);
    const requirement = memory.requirement(await inspections.of(files), options);
    const resident = residency.find(request.modelId, files.version);
    const isResident = resident?.state === 'ready' || resident?.state === 'loading';
    return { ...this.#view(request, requirement, isResident), version: files.version };
  }

  #view(request: DryRunRequest, { allocation, bytes, basis }: Requirement, isResident: boolean) {
    const { memory } = this.#parts;
    const { budgetBytes, freeBytes } = memory.view();
    const plan = memory.plan(isResident ? 0 : bytes);
    return {
      modelId: request.modelId,
      isResident,
      allocation,
      neededBytes: bytes,
      basis,
      isAdmitted: isResident || plan.fits,
      wouldEvict: plan.fits && !isResident ? plan.evict.map((key) => memory.labelOf(key)) : [],
      budgetBytes,
      freeBytes,
      couldBeFreedBytes: memory.couldBeFreedBytes(),
      holders: plan.fits ? [] : plan.holders.map(({ key, ...rest }) => ({ ...rest, model: memory.labelOf(key) })),
    };
  }
}

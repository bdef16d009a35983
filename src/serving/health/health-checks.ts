import type { ModelId } from '../../core/model/model-id.ts';
import type { Repository } from '../lifecycle/repository.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { HealthView } from '../overview/views.ts';
import type { HealthChecker } from './health-checker.ts';

/** The health check that somebody asked for: every check, now, on each version of a model that is here. */
export class HealthChecks {
  readonly #checker: HealthChecker;
  readonly #repository: Repository;
  readonly #residency: Residency;

  constructor(checker: HealthChecker, repository: Repository, residency: Residency) {
    this.#checker = checker;
    this.#repository = repository;
    this.#residency = residency;
  }

  /** Empty for a model that is known and not resident. @throws AppError `model_not_found` */
  async checkModel(
    modelId: ModelId,
    signal: AbortSignal,
  ): Promise<readonly { readonly version: string; readonly health: HealthView }[]> {
    await this.#repository.versions(modelId);
    const residents = this.#residency.ofModel(modelId);
    return Promise.all(
      residents.map(async (resident) => ({ version: resident.version, health: await this.#check(resident, signal) })),
    );
  }

  async #check(resident: Resident, signal: AbortSignal): Promise<HealthView> {
    const { loaded } = resident;
    if (loaded === undefined || resident.state !== 'ready') return notChecked(resident);
    using lease = resident.lease();
    const { supervisor, files } = lease.loaded;
    const health = await this.#checker.check({ label: resident.label, supervisor, probesDir: files.probesDir }, signal);
    // A caller who gave up mid-way says nothing about the version.
    if (!signal.aborted) resident.health = health;
    return health;
  }
}

/** What is not ready can not be asked; its state is the finding. */
function notChecked(resident: Resident): HealthView {
  const detail = resident.reason ?? `the version is ${resident.state}`;
  const status = resident.state === 'failed' ? 'failed' : 'skipped';
  return {
    status: status === 'failed' ? 'unhealthy' : 'unknown',
    lastCheckAt: resident.health.lastCheckAt,
    checks: [{ name: 'version ready', status, detail, durationMs: 0 }],
  };
}

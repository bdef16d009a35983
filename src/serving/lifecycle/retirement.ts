import { AppError } from '../../core/errors.ts';
import type { ServingDependencies } from '../dependencies.ts';
import type { Residency } from './residency.ts';
import type { Resident } from './resident.ts';

/** Ends instances: no new leases, then those that are out come back, then the runner is stopped. */
export class Retirement {
  readonly #dependencies: ServingDependencies;
  readonly #residency: Residency;
  readonly #underWay = new Set<Promise<void>>();

  constructor(dependencies: ServingDependencies, residency: Residency) {
    this.#dependencies = dependencies;
    this.#residency = residency;
  }

  /** Resolves when the instance is gone. One that is on its way out already is waited for. */
  retire(resident: Resident): Promise<void> {
    if (resident.state === 'draining' || resident.state === 'absent') return resident.retired;
    resident.fire('drain');
    this.#residency.unserve(resident);
    const ending = this.#end(resident).finally(() => this.#underWay.delete(ending));
    this.#underWay.add(ending);
    return ending;
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
  }

  async #end(resident: Resident): Promise<void> {
    const { clock, limits, logger } = this.#dependencies;
    const supervisor = resident.loaded?.supervisor;
    // Past the limit the requests that are out are answered with an error; that gives their leases back.
    const limit = clock.after(limits.drainTimeoutMs, () => {
      logger.warn({ model: resident.label, leases: resident.leases }, 'requests did not end within the drain limit');
      supervisor?.refuse(() => new AppError('not_ready', `${resident.label} was unloaded.`));
    });
    await resident.idle();
    limit[Symbol.dispose]();
    try {
      await supervisor?.stop();
    } catch (error) {
      logger.error({ model: resident.label, err: error }, 'could not stop a runner');
    }
    this.#residency.remove(resident);
    resident.fire('drained');
  }
}

import { AppError } from '../../../core/errors.ts';
import { mergeRolloutOptions, resolveRolloutConfig } from '../../../core/rollout/rollout-config.ts';
import { checkRolloutConfig } from '../../../core/rollout/rollout-config-faults.ts';
import type { LoadTarget } from '../../lifecycle/load-target.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { DryRuns } from '../../memory/dry-runs.ts';
import type { UpdateRequest } from '../service.ts';
import type { UpdateTargets } from '../update-targets.ts';
import type { RolloutIdentity } from './identity.ts';
import { Rollout } from './rollout.ts';
import type { RolloutServices } from './rollout-services.ts';

interface BeginningParts {
  readonly services: RolloutServices;
  readonly targets: UpdateTargets;
  readonly dryRuns: DryRuns;
  readonly isDraining: () => boolean;
}

/** From a request for an update to one that is recorded and under way. Where it is refused, nothing has changed. */
export class Beginnings {
  readonly #parts: BeginningParts;

  constructor(parts: BeginningParts) {
    this.#parts = parts;
  }

  /**
   * @throws AppError `not_ready` where no version serves, `insufficient_memory`, `draining`, and what `UpdateTargets`
   *   and the store throw
   */
  async begin(request: UpdateRequest, signal: AbortSignal): Promise<Rollout> {
    const { targets, services } = this.#parts;
    const { modelId } = request;
    const serving = services.residency.find(modelId, undefined);
    if (serving?.state !== 'ready') throw await this.#noneServes(request);
    const { target, isOnDisk, strategy } = await targets.find(request, serving.version, signal);
    const config = checkRolloutConfig(resolveRolloutConfig(mergeRolloutOptions(strategy, request.strategy)));
    // While it is looked for room, the version that serves is not what makes room.
    return this.#holding(serving, async () => {
      if (isOnDisk) await this.#refuseUnlessItFits(request, target);
      if (serving.state !== 'ready') throw await this.#noneServes(request);
      const identity = {
        id: crypto.randomUUID(),
        modelId,
        oldVersion: serving.version,
        newVersion: target.version,
        config,
        settings: { old: serving.settings, new: target.settings },
        createdAt: services.now(),
      };
      services.hosting.plan(identity.id, target);
      return this.#open(identity);
    });
  }

  async #holding(serving: Resident, work: () => Promise<Rollout>): Promise<Rollout> {
    const wasHeld = serving.inUpdate;
    serving.inUpdate = true;
    try {
      return await work();
    } catch (error) {
      serving.inUpdate = wasHeld;
      this.#parts.services.onReleased();
      throw error;
    }
  }

  async #open(identity: RolloutIdentity): Promise<Rollout> {
    const { services, isDraining } = this.#parts;
    try {
      if (isDraining()) throw new AppError('draining', 'The server is shutting down.');
      return await Rollout.begin(identity, services);
    } catch (error) {
      services.hosting.forget(identity.id);
      throw error;
    }
  }

  async #refuseUnlessItFits({ modelId, options }: UpdateRequest, { version }: LoadTarget): Promise<void> {
    const asked = { modelId, version, options, forceReload: false, description: undefined };
    const { isAdmitted, neededBytes, freeBytes, couldBeFreedBytes, holders } = await this.#parts.dryRuns.handle(asked);
    if (isAdmitted) return;
    throw new AppError(
      'insufficient_memory',
      `Version ${version} of ${modelId} needs ${neededBytes} bytes beside the version that serves; ${freeBytes} are free and ${couldBeFreedBytes} could be freed.`,
      {
        next: 'Unload other models, or raise --memory-budget.',
        details: { needed_bytes: neededBytes, free_bytes: freeBytes, could_be_freed_bytes: couldBeFreedBytes, holders },
      },
    );
  }

  async #noneServes({ modelId }: UpdateRequest): Promise<AppError> {
    await this.#parts.services.hosting.requireModel(modelId);
    return new AppError('not_ready', `No version of ${modelId} serves, so there is nothing to update.`, {
      next: 'Load a version: the first one that is loaded serves.',
    });
  }
}

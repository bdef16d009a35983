import { AppError } from '../../core/errors.ts';
import { type ModelId, parseModelId } from '../../core/model/model-id.ts';
import { parseVersion, type VersionName } from '../../core/model/version.ts';
import type { LogEntry } from '../../core/rollout/log-entry.ts';
import {
  mergeRolloutOptions,
  type RolloutConfig,
  type RolloutOptions,
  resolveRolloutConfig,
} from '../../core/rollout/rollout-config.ts';
import { checkRolloutConfig, rolloutConfigFaults } from '../../core/rollout/rollout-config-faults.ts';
import { outcomeOf } from '../../core/rollout/rollout-state.ts';
import type { LoadTarget } from '../lifecycle/load-target.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { DryRuns } from '../memory/dry-runs.ts';
import type { RolloutRecord } from '../ports/store.ts';
import type { LiveUpdate, LiveUpdates } from '../running/inference.ts';
import type { OnLost } from '../running/loss.ts';
import type { InferRequest } from '../service.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { RolloutIdentity } from './identity.ts';
import { settingsOfRecord } from './recorded-settings.ts';
import { Rollout } from './rollout.ts';
import type { RolloutServices } from './rollout-services.ts';
import { RolloutTally } from './rollout-tally.ts';
import type { RollbackResult, RolloutCounters, RolloutServing, UpdateRequest } from './service.ts';
import type { UpdateTargets } from './update-targets.ts';
import type { RolloutAction, RolloutEventView, RolloutView } from './views.ts';

/** Of a model's updates that have ended, as in the store. */
const ENDED_KEPT = 50;

interface RolloutParts {
  readonly services: Omit<RolloutServices, 'onEnded' | 'onFallback'>;
  readonly targets: UpdateTargets;
  readonly dryRuns: DryRuns;
  readonly isDraining: () => boolean;
}

/** All updates: those under way, one for a model at most, and the latest that have ended. */
export class Rollouts implements RolloutServing, LiveUpdates {
  readonly #parts: RolloutParts;
  readonly #services: RolloutServices;
  readonly #all = new Map<string, Rollout>();
  readonly #active = new Map<string, Rollout>();
  /** Models of which an update is being looked into, or that are on their way back. */
  readonly #deciding = new Set<string>();
  readonly #counters = new RolloutTally();

  constructor(parts: RolloutParts) {
    this.#parts = parts;
    this.#services = {
      ...parts.services,
      onEnded: (rollout, outcome) => this.#noteEnded(rollout, outcome),
      onFallback: (answered) => this.#counters.noteFallback(answered),
    };
  }

  /**
   * Reads what is recorded, and goes on with what was under way, as far as that can be without its versions: from then
   * on it is known which version is to serve.
   */
  async resume(): Promise<void> {
    const { store, logger } = this.#services;
    const clean = await this.#hasEndedInOrder();
    for (const record of await store.listRollouts()) {
      try {
        await this.#recall(record, clean);
      } catch (error) {
        logger.error({ rollout: record.id, err: error }, 'an update that was recorded can not be read');
      }
    }
  }

  of({ modelId, version }: InferRequest): LiveUpdate | undefined {
    if (version !== undefined || this.#active.size === 0) return undefined;
    const rollout = this.#active.get(modelId);
    return rollout?.splits === true ? rollout : undefined;
  }

  watch(resident: Resident): OnLost | undefined {
    return resident.inUpdate ? this.#active.get(resident.modelId)?.watch(resident) : undefined;
  }

  noteAnswered(request: InferRequest): void {
    this.#services.recorded.note(request);
  }

  /** Percent of the model's unpinned traffic, where an update is under way. */
  weightOf(modelId: ModelId, version: VersionName): number | undefined {
    return this.#active.get(modelId)?.weightOf(version);
  }

  /** The version to return to from the one that serves, or undefined. */
  previousVersion(modelId: ModelId): VersionName | undefined {
    return this.#lastCompleted(modelId)?.identity.oldVersion;
  }

  /** @throws AppError `conflict` where the version, or any of the model's, takes part in an update */
  refuseIfUpdating(modelId: ModelId, version: VersionName | undefined): void {
    this.#refuseWhileDeciding(modelId);
    const rollout = this.#active.get(modelId);
    if (rollout === undefined) return;
    const { id, oldVersion, newVersion } = rollout.identity;
    if (version !== undefined && version !== oldVersion && version !== newVersion) return;
    throw new AppError('conflict', `${modelId} is being updated from version ${oldVersion} to ${newVersion}.`, {
      next: `Wait for the end of rollout ${id}, or abort it.`,
      details: { rollout_id: id },
    });
  }

  async update(request: UpdateRequest, signal: AbortSignal): Promise<RolloutView> {
    this.#refuseWhenDraining();
    const { modelId } = request;
    await this.#makeWay(request);
    const rollout = await this.#exclusively(modelId, () => this.#begin(request, signal));
    if (!request.wait) return rollout.view;
    await waitUnlessAborted(rollout.log.ended(), signal);
    if (rollout.isOver) return rollout.view;
    throw new AppError('draining', 'The server is shutting down: the update goes on when it is back.');
  }

  list(modelId: ModelId | undefined): readonly RolloutView[] {
    const all = [...this.#all.values()].filter((each) => modelId === undefined || each.identity.modelId === modelId);
    return all.toReversed().map((each) => each.view);
  }

  describe(id: string): RolloutView {
    return this.#require(id).view;
  }

  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RolloutEventView> {
    return this.#require(id).log.after(after, signal);
  }

  async control(id: string, action: RolloutAction): Promise<RolloutView> {
    const rollout = this.#require(id);
    const result = rollout.fire(action);
    if (!result.taken) throw new AppError('conflict', `Rollout ${id} can not do that now: ${result.why}.`);
    return rollout.view;
  }

  counters(): RolloutCounters {
    return this.#counters.snapshot();
  }

  /** How many are under way. */
  get underWay(): number {
    return this.#active.size;
  }

  async rollback(modelId: ModelId, signal: AbortSignal): Promise<RollbackResult> {
    const active = this.#active.get(modelId);
    if (active !== undefined) {
      const rollout = await this.control(active.identity.id, { type: 'abort' });
      const { oldVersion, newVersion } = active.identity;
      return { modelId, servingVersion: oldVersion, replacedVersion: newVersion, rollout };
    }
    const last = this.#lastCompleted(modelId);
    if (last === undefined) throw await this.#nothingToReturnTo(modelId);
    const { hosting } = this.#services;
    // Who does not wait for it any more does not stop it half-way.
    const returned = this.#exclusively(modelId, () => hosting.returnToOld(last.identity));
    await waitUnlessAborted(returned, signal);
    const { oldVersion, newVersion } = last.identity;
    return { modelId, servingVersion: oldVersion, replacedVersion: newVersion, rollout: undefined };
  }

  /** The server ends: what is under way goes on at its next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#active.values()].map((rollout) => rollout.close()));
    try {
      await this.#services.store.putCleanEnd();
    } catch (error) {
      this.#services.logger.warn({ err: error }, 'it could not be noted that the server ended in order');
    }
  }

  /** Where that can not be told, it has not: a disk that is full keeps no server from starting. */
  async #hasEndedInOrder(): Promise<boolean> {
    const { store, logger } = this.#services;
    try {
      return await store.takeCleanEnd();
    } catch (error) {
      logger.error({ err: error }, 'it is not known whether the server ended in order');
      return false;
    }
  }

  /** One that decides who is to serve a model at a time. */
  async #exclusively<T>(modelId: ModelId, work: () => Promise<T>): Promise<T> {
    this.#refuseWhileDeciding(modelId);
    this.#deciding.add(modelId);
    try {
      return await work();
    } finally {
      this.#deciding.delete(modelId);
    }
  }

  #refuseWhileDeciding(modelId: ModelId): void {
    if (!this.#deciding.has(modelId)) return;
    throw new AppError('conflict', `${modelId} is just beginning an update, or going back to the version before.`, {
      next: 'Ask again in a moment.',
    });
  }

  async #makeWay({ modelId, supersede }: UpdateRequest): Promise<void> {
    const active = this.#active.get(modelId);
    if (active === undefined) return;
    if (!supersede) this.refuseIfUpdating(modelId, undefined);
    active.fire({ type: 'supersede', by: 'a later update' });
    await active.log.ended();
  }

  async #begin(request: UpdateRequest, signal: AbortSignal): Promise<Rollout> {
    const { targets } = this.#parts;
    const { hosting, residency } = this.#services;
    const { modelId } = request;
    const serving = residency.find(modelId, undefined);
    if (serving?.state !== 'ready') throw await this.#noneServes(modelId);
    const { target, isOnDisk, strategy } = await targets.find(request, serving.version, signal);
    const config = checkedConfig(mergeRolloutOptions(strategy, request.strategy));
    // While it is looked for room, the version that serves is not what makes room.
    const wasHeld = serving.inUpdate;
    serving.inUpdate = true;
    try {
      if (isOnDisk) await this.#refuseUnlessItFits(request, target);
      if (serving.state !== 'ready') throw await this.#noneServes(modelId);
      const identity = {
        id: rolloutId(),
        modelId,
        oldVersion: serving.version,
        newVersion: target.version,
        config,
        settings: { old: serving.settings, new: target.settings },
        createdAt: this.#services.now(),
      };
      hosting.plan(identity.id, target);
      const rollout = await this.#open(identity);
      this.#add(rollout);
      this.#counters.noteAttempt();
      return rollout;
    } catch (error) {
      serving.inUpdate = wasHeld;
      this.#services.onReleased();
      throw error;
    }
  }

  /** @throws what the store does where it can not be recorded, and `draining` */
  async #open(identity: RolloutIdentity): Promise<Rollout> {
    try {
      this.#refuseWhenDraining();
      return await Rollout.begin(identity, this.#services);
    } catch (error) {
      this.#services.hosting.forget(identity.id);
      throw error;
    }
  }

  #refuseWhenDraining(): void {
    if (this.#parts.isDraining()) throw new AppError('draining', 'The server is shutting down.');
  }

  #add(rollout: Rollout): void {
    const { id, modelId } = rollout.identity;
    this.#all.set(id, rollout);
    if (!rollout.isOver) this.#active.set(modelId, rollout);
    const ended = [...this.#all.values()].filter((each) => each.identity.modelId === modelId && each.isOver);
    for (const { identity } of ended.slice(0, -ENDED_KEPT)) this.#all.delete(identity.id);
  }

  /** Where both can not be in memory, nothing has been changed yet. */
  async #refuseUnlessItFits({ modelId, options }: UpdateRequest, { version }: LoadTarget): Promise<void> {
    const view = await this.#parts.dryRuns.handle({
      modelId,
      version,
      options,
      forceReload: false,
      description: undefined,
    });
    if (view.isAdmitted) return;
    const { neededBytes, freeBytes, couldBeFreedBytes, holders } = view;
    throw new AppError(
      'insufficient_memory',
      `Version ${version} of ${modelId} needs ${neededBytes} bytes beside the version that serves; ${freeBytes} are free and ${couldBeFreedBytes} could be freed.`,
      {
        next: 'Unload other models, or raise --memory-budget.',
        details: { needed_bytes: neededBytes, free_bytes: freeBytes, could_be_freed_bytes: couldBeFreedBytes, holders },
      },
    );
  }

  async #recall(record: RolloutRecord, clean: boolean): Promise<void> {
    const { store } = this.#services;
    const entries = await store.listRolloutEntries(record.id);
    const identity = identityOf(record);
    const rollout = Rollout.recorded(identity, this.#services, {
      // The server itself wrote them, and refused what had a gap.
      entries: entries.map(({ entry }) => entry as unknown as LogEntry),
      progress: record.progress,
    });
    this.#add(rollout);
    if (rollout.isOver) return;
    rollout.resume(clean);
    await this.#services.hosting.settle(identity, rollout.state);
  }

  #noteEnded(rollout: Rollout, outcome: ReturnType<typeof outcomeOf>): void {
    const { modelId } = rollout.identity;
    if (this.#active.get(modelId) === rollout) this.#active.delete(modelId);
    const { rollbackReason } = rollout.state;
    if (outcome !== undefined) this.#counters.noteEnd(outcome, rollbackReason ?? undefined);
  }

  /** The update that brought the version that serves, if it was one. */
  #lastCompleted(modelId: ModelId): Rollout | undefined {
    const serving = this.#services.hosting.servingVersion(modelId);
    const last = [...this.#all.values()].findLast(
      ({ identity, state }) =>
        identity.modelId === modelId && outcomeOf(state) === 'completed' && !identity.config.dryRun,
    );
    return last?.identity.newVersion === serving ? last : undefined;
  }

  #require(id: string): Rollout {
    const rollout = this.#all.get(id);
    if (rollout !== undefined) return rollout;
    throw new AppError('rollout_not_found', `There is no rollout "${id}".`, {
      next: 'GET /api/v1/model_serving/rollouts lists those that are known.',
    });
  }

  async #noneServes(modelId: ModelId): Promise<AppError> {
    await this.#services.hosting.requireModel(modelId);
    return new AppError('not_ready', `No version of ${modelId} serves, so there is nothing to update.`, {
      next: 'Load a version: the first one that is loaded serves.',
    });
  }

  async #nothingToReturnTo(modelId: ModelId): Promise<AppError> {
    await this.#services.hosting.requireModel(modelId);
    return new AppError('conflict', `No update brought the version of ${modelId} that serves.`, {
      next: 'Update to the version that you want.',
    });
  }
}

function checkedConfig(options: RolloutOptions): RolloutConfig {
  return checkRolloutConfig(resolveRolloutConfig(options));
}

function identityOf({ id, modelId, oldVersion, newVersion, config, createdAt }: RolloutRecord): RolloutIdentity {
  // Written by this server from a checked one; what a newer one has added takes its default.
  const recorded = (config['config'] ?? {}) as RolloutOptions;
  const resolved = resolveRolloutConfig(recorded);
  const faults = rolloutConfigFaults(resolved);
  if (faults.length > 0) throw new AppError('internal', `its configuration is invalid: ${faults.join('; ')}`);
  return {
    id,
    modelId: parseModelId(modelId),
    oldVersion: parseVersion(oldVersion),
    newVersion: parseVersion(newVersion),
    config: resolved,
    settings: { old: settingsOfRecord(config['before']), new: settingsOfRecord(config['load']) },
    createdAt,
  };
}

function rolloutId(): string {
  return crypto.randomUUID();
}

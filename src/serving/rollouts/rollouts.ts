import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { outcomeOf } from '../../core/rollout/rollout-state.ts';
import type { Resident } from '../lifecycle/resident.ts';
import type { DryRuns } from '../memory/dry-runs.ts';
import type { LiveUpdate, LiveUpdates } from '../running/inference.ts';
import type { OnLost } from '../running/loss.ts';
import type { InferRequest } from '../service.ts';
import { waitUnlessAborted } from '../waiting.ts';
import { Beginnings } from './driving/beginnings.ts';
import { KnownRollouts } from './driving/known-rollouts.ts';
import { recallRollouts } from './driving/recollection.ts';
import type { Rollout } from './driving/rollout.ts';
import type { RolloutServices } from './driving/rollout-services.ts';
import { RolloutTally } from './rollout-tally.ts';
import type { RollbackResult, RolloutCounters, RolloutServing, UpdateRequest } from './service.ts';
import type { UpdateTargets } from './update-targets.ts';
import type { RolloutAction, RolloutEventView, RolloutView } from './views.ts';

interface RolloutsParts {
  readonly services: Omit<RolloutServices, 'onEnded' | 'onFallback'>;
  readonly targets: UpdateTargets;
  readonly dryRuns: DryRuns;
  readonly isDraining: () => boolean;
}

/** All updates: those under way, one for a model at most, and the latest that have ended. */
export class Rollouts implements RolloutServing, LiveUpdates {
  readonly #parts: RolloutsParts;
  readonly #services: RolloutServices;
  readonly #known = new KnownRollouts();
  readonly #beginnings: Beginnings;
  /** Models of which an update is being looked into, or that are on their way back. */
  readonly #deciding = new Set<string>();
  readonly #counters = new RolloutTally();

  constructor(parts: RolloutsParts) {
    this.#parts = parts;
    this.#services = {
      ...parts.services,
      onEnded: (rollout, outcome) => this.#noteEnded(rollout, outcome),
      onFallback: (answered) => this.#counters.noteFallback(answered),
    };
    this.#beginnings = new Beginnings({ ...parts, services: this.#services });
  }

  /**
   * Reads what is recorded, and goes on with what was under way, as far as that can be without its versions: from then
   * on it is known which version is to serve.
   */
  resume(): Promise<void> {
    return recallRollouts(this.#services, (rollout) => this.#known.add(rollout));
  }

  of({ modelId, version }: InferRequest): LiveUpdate | undefined {
    if (version !== undefined) return undefined;
    const rollout = this.#known.active(modelId);
    return rollout?.splits === true ? rollout : undefined;
  }

  watch(resident: Resident): OnLost | undefined {
    return resident.inUpdate ? this.#known.active(resident.modelId)?.watch(resident) : undefined;
  }

  noteAnswered(request: InferRequest): void {
    this.#services.recorded.note(request);
  }

  /** Percent of the model's unpinned traffic, where an update is under way. */
  weightOf(modelId: ModelId, version: VersionName): number | undefined {
    return this.#known.active(modelId)?.weightOf(version);
  }

  /** The version to return to from the one that serves, or undefined. */
  previousVersion(modelId: ModelId): VersionName | undefined {
    return this.#bringerOf(modelId)?.identity.oldVersion;
  }

  /** @throws AppError `conflict` where the version, or any of the model's, takes part in an update */
  refuseIfUpdating(modelId: ModelId, version: VersionName | undefined): void {
    this.#refuseWhileDeciding(modelId);
    const rollout = this.#known.active(modelId);
    if (rollout === undefined) return;
    const { id, oldVersion, newVersion } = rollout.identity;
    if (version !== undefined && version !== oldVersion && version !== newVersion) return;
    throw new AppError('conflict', `${modelId} is being updated from version ${oldVersion} to ${newVersion}.`, {
      next: `Wait for the end of rollout ${id}, or abort it.`,
      details: { rollout_id: id },
    });
  }

  async update(request: UpdateRequest, signal: AbortSignal): Promise<RolloutView> {
    if (this.#parts.isDraining()) throw new AppError('draining', 'The server is shutting down.');
    const { modelId } = request;
    await this.#makeWay(request);
    const rollout = await this.#exclusively(modelId, () => this.#begin(request, signal));
    if (!request.wait) return rollout.view;
    await waitUnlessAborted(rollout.log.ended(), signal);
    if (rollout.isOver) return rollout.view;
    throw new AppError('draining', 'The server is shutting down: the update goes on when it is back.');
  }

  list(modelId: ModelId | undefined): readonly RolloutView[] {
    return this.#known
      .of(modelId)
      .toReversed()
      .map((each) => each.view);
  }

  describe(id: string): RolloutView {
    return this.#known.require(id).view;
  }

  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RolloutEventView> {
    return this.#known.require(id).log.after(after, signal);
  }

  async control(id: string, action: RolloutAction): Promise<RolloutView> {
    const rollout = this.#known.require(id);
    const result = rollout.fire(action);
    if (!result.taken) throw new AppError('conflict', `Rollout ${id} can not do that now: ${result.why}.`);
    return rollout.view;
  }

  counters(): RolloutCounters {
    return this.#counters.snapshot();
  }

  /** How many are under way. */
  get underWay(): number {
    return this.#known.underWay.length;
  }

  async rollback(modelId: ModelId, signal: AbortSignal): Promise<RollbackResult> {
    const active = this.#known.active(modelId);
    if (active !== undefined) {
      const rollout = await this.control(active.identity.id, { type: 'abort' });
      const { oldVersion, newVersion } = active.identity;
      return { modelId, servingVersion: oldVersion, replacedVersion: newVersion, rollout };
    }
    const last = this.#bringerOf(modelId);
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
    await Promise.all(this.#known.underWay.map((rollout) => rollout.close()));
    try {
      await this.#services.store.putCleanEnd();
    } catch (error) {
      this.#services.logger.warn({ err: error }, 'it could not be noted that the server ended in order');
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
    const active = this.#known.active(modelId);
    if (active === undefined) return;
    if (!supersede) this.refuseIfUpdating(modelId, undefined);
    active.fire({ type: 'supersede', by: 'a later update' });
    await active.log.ended();
  }

  async #begin(request: UpdateRequest, signal: AbortSignal): Promise<Rollout> {
    const rollout = await this.#beginnings.begin(request, signal);
    this.#known.add(rollout);
    this.#counters.noteAttempt();
    return rollout;
  }

  /** The update that brought the version that serves, if it was one. */
  #bringerOf(modelId: ModelId): Rollout | undefined {
    return this.#known.bringerOf(modelId, this.#services.hosting.servingVersion(modelId));
  }

  #noteEnded(rollout: Rollout, outcome: ReturnType<typeof outcomeOf>): void {
    this.#known.noteEnded(rollout);
    const { rollbackReason } = rollout.state;
    if (outcome !== undefined) this.#counters.noteEnd(outcome, rollbackReason ?? undefined);
  }

  async #nothingToReturnTo(modelId: ModelId): Promise<AppError> {
    await this.#services.hosting.requireModel(modelId);
    return new AppError('conflict', `No update brought the version of ${modelId} that serves.`, {
      next: 'Update to the version that you want.',
    });
  }
}

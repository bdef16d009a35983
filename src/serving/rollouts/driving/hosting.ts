import { AppError } from '../../../core/errors.ts';
import type { RollbackReason } from '../../../core/rollout/reasons.ts';
import type { RolloutState } from '../../../core/rollout/rollout-state.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { DesiredState } from '../../lifecycle/desired-state.ts';
import type { LoadTarget } from '../../lifecycle/load-target.ts';
import type { LoadPlan } from '../../lifecycle/loader.ts';
import type { Loads } from '../../lifecycle/loads.ts';
import type { Repository } from '../../lifecycle/repository.ts';
import type { Residency } from '../../lifecycle/residency.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { Retirement } from '../../lifecycle/retirement.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DesiredVersion } from '../../ports/store.ts';
import type { RolloutIdentity } from './identity.ts';

interface HostingParts {
  readonly loads: Loads;
  readonly residency: Residency;
  readonly retirement: Retirement;
  readonly repository: Repository;
  readonly desired: DesiredState;
  readonly clock: Clock;
}

/** What has to be done with the versions of an update: brought here, made to serve, kept warm, sent away. */
export class Hosting {
  readonly #parts: HostingParts;
  /** How the new version of an update that was just asked for is to be loaded. */
  readonly #targets = new Map<string, LoadTarget>();
  readonly #kept = new Map<Resident, Disposable>();

  constructor(parts: HostingParts) {
    this.#parts = parts;
  }

  /** To be told before the update begins. */
  plan(rolloutId: string, target: LoadTarget): void {
    this.#targets.set(rolloutId, target);
  }

  forget(rolloutId: string): void {
    this.#targets.delete(rolloutId);
  }

  /** The new version, ready, beside the old one. Rejects with what a load fails with, and where it is not wanted any more. */
  async load(identity: RolloutIdentity, isWanted: () => boolean): Promise<Resident> {
    const { residency, loads } = this.#parts;
    const { id, modelId, newVersion } = identity;
    const there = residency.find(modelId, newVersion);
    if (there?.state === 'draining') await there.retired;
    if (there?.state === 'ready') {
      this.#stopKeeping(there);
      return there;
    }
    const target = this.#targets.get(id) ?? (await this.#recordedTarget(identity, 'new'));
    // Nobody would send it away again.
    if (!isWanted()) throw new AppError('conflict', `Version ${newVersion} of ${modelId} is not wanted any more.`);
    return loads.begin({ ...target, mayServe: false, background: true, isTransient: true }).done;
  }

  /** The version that served, once more. */
  async restore(identity: RolloutIdentity): Promise<Resident> {
    const target = await this.#recordedTarget(identity, 'old');
    const resident = await this.#parts.loads.begin({ ...target, mayServe: true }).done;
    this.#parts.residency.serve(resident);
    return resident;
  }

  /** Which of the two is to serve after a restart. Resolves once that is durable. */
  async recordServing({ modelId, oldVersion, newVersion }: RolloutIdentity, arm: 'new' | 'old'): Promise<void> {
    const version = arm === 'new' ? newVersion : oldVersion;
    await this.#put(modelId, version, { state: 'running', serving: true });
  }

  /** After a restart, before anything is loaded: what the update's log says decides who is to serve. */
  async settle(identity: RolloutIdentity, state: RolloutState): Promise<void> {
    const { modelId, newVersion, config } = identity;
    if (state.phase === 'completed' && !config.dryRun) {
      await this.recordServing(identity, 'new');
      const isPinned = this.#parts.desired.get(modelId, identity.oldVersion)?.pinned === true;
      if (!isPinned) await this.#parts.desired.remove(modelId, identity.oldVersion);
      return;
    }
    await this.recordServing(identity, 'old');
    // What goes on loads it itself; what has ended does not want it.
    if (state.phase === 'rolled_back') await this.#put(modelId, newVersion, { state: 'stopped', serving: false });
    else await this.#parts.desired.remove(modelId, newVersion);
  }

  /** The version that is to serve a model, whether it is in memory or not. */
  servingVersion(modelId: RolloutIdentity['modelId']): string | undefined {
    const { residency, desired } = this.#parts;
    const chosen = desired.ofModel(modelId).find(({ state, serving }) => state === 'running' && serving);
    return residency.find(modelId, undefined)?.version ?? chosen?.version;
  }

  /** Makes the old version of a completed update serve again. At once while it is still in memory. */
  async returnToOld(identity: RolloutIdentity): Promise<void> {
    const { residency } = this.#parts;
    const { modelId, oldVersion, newVersion } = identity;
    const there = residency.find(modelId, oldVersion);
    if (there?.state === 'draining') await there.retired;
    const old = there?.state === 'ready' ? there : await this.restore(identity);
    this.#stopKeeping(old);
    residency.serve(old);
    await this.recordServing(identity, 'old');
    await this.#put(modelId, newVersion, { state: 'stopped', serving: false });
    void this.#sendNewAway(identity);
  }

  /** @throws AppError `model_not_found` */
  async requireModel(modelId: RolloutIdentity['modelId']): Promise<void> {
    await this.#parts.repository.versions(modelId);
  }

  /** From this moment on the new version takes the model's unpinned traffic. */
  serve({ id, modelId, newVersion }: RolloutIdentity): void {
    const { residency } = this.#parts;
    const resident = residency.find(modelId, newVersion);
    if (resident !== undefined) residency.serve(resident);
    this.forget(id);
  }

  /** What is still open on it is refused, and it goes. */
  cutOff(resident: Resident | undefined): void {
    if (resident === undefined) return;
    resident.loaded?.supervisor.refuse(
      () => new AppError('not_ready', `${resident.label} was replaced.`, { next: 'Send the request again.' }),
    );
    if (resident.state === 'ready') void this.#parts.retirement.retire(resident);
  }

  /** It stays in memory for a while, unless the memory is needed, so that going back to it takes no time. */
  keepPrevious(resident: Resident | undefined, forMs: number): void {
    const { clock, retirement, residency } = this.#parts;
    if (resident?.state !== 'ready') return;
    this.#stopKeeping(resident);
    // Not after a restart: it would be loaded only to be unloaded.
    if (!resident.pinned) void this.#parts.desired.remove(resident.modelId, resident.version);
    const timer = clock.after(forMs, () => {
      this.#kept.delete(resident);
      const isWanted = residency.isServing(resident) || resident.inUpdate || resident.pinned;
      if (resident.state === 'ready' && !isWanted) void retirement.retire(resident);
    });
    this.#kept.set(resident, timer);
  }

  /** Resolves when the new version is gone; its load is ended where it is under way. */
  async unloadNew(identity: RolloutIdentity, reason: RollbackReason | null): Promise<void> {
    const { desired } = this.#parts;
    const { id, modelId, newVersion } = identity;
    this.forget(id);
    if (desired.get(modelId, newVersion)?.serving === true) await this.recordServing(identity, 'old');
    // Nobody is to get it by asking for the latest version, or by its name, without it being loaded anew on purpose.
    if (reason !== null) await this.#put(modelId, newVersion, { state: 'stopped', serving: false });
    await this.#sendNewAway(identity);
  }

  /** Resolves when it is gone; its load is ended where it is under way. */
  async #sendNewAway({ modelId, newVersion }: RolloutIdentity): Promise<void> {
    const { residency, loads, retirement } = this.#parts;
    const flight = loads.underWay(modelId, newVersion);
    flight?.cancel(new AppError('conflict', `The update of ${modelId} to version ${newVersion} was rolled back.`));
    await flight?.done.catch(() => undefined);
    const resident = residency.find(modelId, newVersion);
    if (resident !== undefined && !residency.isServing(resident)) await retirement.retire(resident);
  }

  #stopKeeping(resident: Resident): void {
    this.#kept.get(resident)?.[Symbol.dispose]();
    this.#kept.delete(resident);
  }

  /** As it was when the update began. What was to be fetched, and had not been, still is. */
  async #recordedTarget({ modelId, oldVersion, newVersion, settings }: RolloutIdentity, arm: Arm): Promise<LoadTarget> {
    const version = arm === 'new' ? newVersion : oldVersion;
    const files = (await this.#parts.repository.onDisk(modelId)).find((each) => each.version === version);
    const { source, sha256 } = settings[arm];
    const plan: LoadPlan =
      files === undefined && source !== undefined
        ? { kind: 'source', source, sha256 }
        : { kind: 'catalog', files: files ?? (await this.#parts.repository.require(modelId, version)) };
    const pinned = this.#parts.desired.get(modelId, version)?.pinned ?? false;
    return {
      modelId,
      version,
      plan,
      settings: settings[arm],
      pinned,
      mayServe: false,
      mayEvict: true,
      background: true,
    };
  }

  #put(
    modelId: RolloutIdentity['modelId'],
    version: RolloutIdentity['newVersion'],
    what: Pick<DesiredVersion, 'state' | 'serving'>,
  ): Promise<void> {
    const { desired, residency } = this.#parts;
    const resident = residency.find(modelId, version);
    const known = desired.get(modelId, version);
    const settings = resident?.settings;
    return desired.put({
      modelId,
      version,
      pinned: resident?.pinned ?? known?.pinned ?? false,
      options: settings === undefined ? (known?.options ?? {}) : { ...settings.options },
      source: settings?.source ?? known?.source,
      ...what,
    });
  }
}

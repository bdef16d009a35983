import type { AppError } from '../../../core/errors.ts';
import type { Effect } from '../../../core/rollout/effects.ts';
import type { Finding } from '../../../core/rollout/reasons.ts';
import type { RolloutEvent } from '../../../core/rollout/rollout-events.ts';
import type { RolloutState } from '../../../core/rollout/rollout-state.ts';
import type { Transition } from '../../../core/rollout/transition.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import { reasonOf } from '../../reason.ts';
import type { RolloutIdentity } from './identity.ts';
import type { RolloutServices } from './rollout-services.ts';
import type { UpdatedVersions } from './updated-versions.ts';

const RETRY_MS = 1000;
const LOOK_AGAIN_MS = 50;

type VersionEffect = Extract<
  Effect,
  { readonly type: 'load' | 'drain' | 'cut_off' | 'restore_old' | 'keep_previous' | 'unload_new' }
>;

interface MoveParts {
  readonly identity: RolloutIdentity;
  readonly services: RolloutServices;
  readonly versions: UpdatedVersions;
  readonly state: () => RolloutState;
  readonly fire: (event: RolloutEvent) => Transition;
  /** The server ends, or the update is over. */
  readonly isClosed: () => boolean;
}

/** Brings an update's versions here, lets them drain, and sends them away; and tells the machine when that is done. */
export class VersionMoves {
  readonly #parts: MoveParts;

  constructor(parts: MoveParts) {
    this.#parts = parts;
  }

  /** Begins what the machine asks for. */
  perform(effect: VersionEffect): void {
    const { services, versions } = this.#parts;
    switch (effect.type) {
      case 'load':
        void this.#load();
        break;
      case 'drain':
        void this.#drain(effect.arm);
        break;
      case 'cut_off':
        services.hosting.cutOff(versions.of(effect.arm));
        break;
      case 'restore_old':
        void this.restoreOld();
        break;
      case 'keep_previous':
        services.hosting.keepPrevious(versions.of('old'), effect.forMs);
        break;
      case 'unload_new':
        void this.#unloadNew();
        break;
    }
  }

  /** The new version, beside the old one. */
  async #load(): Promise<void> {
    const { services, identity, versions, state, fire, isClosed } = this.#parts;
    const isWanted = () => !isClosed() && state().phase === 'loading';
    try {
      await this.#untilOldIsHeld(isWanted);
      const resident = await services.hosting.load(identity, isWanted);
      if (isClosed()) return;
      versions.hold();
      const { loaded } = resident;
      const facts = { digest: loaded?.prepared.digest ?? null, loadTimeMs: loaded?.loadTimeMs ?? null };
      fire({ type: 'loaded', facts });
    } catch (error) {
      if (isClosed()) return;
      const finding = findingOfLoad(error);
      const facts = { reason: reasonOf(error) };
      fire(finding === undefined ? { type: 'load_failed', facts } : { type: 'finding', finding, facts });
    }
  }

  /** Nothing new goes there any more. */
  async #drain(arm: Arm): Promise<void> {
    const { services, identity, versions } = this.#parts;
    if (arm === 'old') await services.hosting.recordServing(identity, 'new');
    await versions.of(arm)?.drained();
    this.#tellDrained();
  }

  /** The old version, which has ended for good, or was somehow lost. */
  async restoreOld(): Promise<void> {
    const { services, identity, versions, state, fire, isClosed } = this.#parts;
    const old = versions.of('old');
    if (old?.state === 'ready' && old.loaded?.supervisor.failure === undefined) {
      versions.hold();
      // Somebody else may have loaded it again; a supervisor that has not given up brings it back itself, which is told.
      if (versions.ready('old') === old) fire({ type: 'old_ready', facts: {} });
      return;
    }
    try {
      await services.hosting.restore(identity);
      versions.hold();
      fire({ type: 'old_ready', facts: {} });
    } catch (error) {
      services.logger.error({ err: error }, 'the version that served could not be loaded again');
      services.clock.after(RETRY_MS, () => {
        if (!isClosed() && !state().oldReady) void this.restoreOld();
      });
    }
  }

  /** Drains and unloads the new version, also where it was never loaded. */
  async #unloadNew(): Promise<void> {
    const { services, identity, versions, state, fire } = this.#parts;
    versions.release('new');
    await services.hosting.unloadNew(identity, state().rollbackReason);
    fire({ type: 'unloaded' });
  }

  /** After a restart it is on its way: it is not what the new version's memory is taken from. */
  async #untilOldIsHeld(isWanted: () => boolean): Promise<void> {
    const { services, versions } = this.#parts;
    while (isWanted() && versions.of('old')?.state !== 'ready') {
      const { promise, resolve } = Promise.withResolvers<void>();
      services.clock.after(LOOK_AGAIN_MS, resolve);
      await promise;
    }
    versions.hold();
  }

  /** Again, while the new version is just being started again: nothing else tells it a second time. */
  #tellDrained(): void {
    const { services, state, fire, isClosed } = this.#parts;
    if (isClosed() || fire({ type: 'drained' }).taken || state().phase !== 'draining') return;
    services.clock.after(RETRY_MS, () => this.#tellDrained());
  }
}

/** What a load that failed has found out about the version, where it has. */
function findingOfLoad(error: unknown): Finding | undefined {
  const { code, details } = (error ?? {}) as Partial<AppError>;
  if (code === 'insufficient_memory') return 'insufficient_memory';
  return details?.['probe'] === undefined ? undefined : 'failed_probe';
}

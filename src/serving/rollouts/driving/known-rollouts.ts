import { AppError } from '../../../core/errors.ts';
import type { ModelId } from '../../../core/model/model-id.ts';
import { outcomeOf } from '../../../core/rollout/rollout-state.ts';
import type { Rollout } from './rollout.ts';

/** Of a model's updates that have ended, as in the store. */
const ENDED_KEPT = 50;

/** The updates that are under way, one of a model at most, and the latest that have ended. */
export class KnownRollouts {
  readonly #all = new Map<string, Rollout>();
  readonly #active = new Map<string, Rollout>();

  add(rollout: Rollout): void {
    const { id, modelId } = rollout.identity;
    this.#all.set(id, rollout);
    if (!rollout.isOver) this.#active.set(modelId, rollout);
    const ended = this.of(modelId).filter((each) => each.isOver);
    for (const { identity } of ended.slice(0, -ENDED_KEPT)) this.#all.delete(identity.id);
  }

  noteEnded(rollout: Rollout): void {
    const { modelId } = rollout.identity;
    if (this.#active.get(modelId) === rollout) this.#active.delete(modelId);
  }

  get underWay(): readonly Rollout[] {
    return [...this.#active.values()];
  }

  /** Every request asks: most often there is none. */
  active(modelId: string): Rollout | undefined {
    return this.#active.size === 0 ? undefined : this.#active.get(modelId);
  }

  /** The oldest first. Undefined: of all models. */
  of(modelId: ModelId | undefined): readonly Rollout[] {
    return [...this.#all.values()].filter((each) => modelId === undefined || each.identity.modelId === modelId);
  }

  /** The update that brought this version to serve, if it was the last one that brought any. */
  bringerOf(modelId: ModelId, serving: string | undefined): Rollout | undefined {
    const last = this.of(modelId).findLast(
      ({ identity, state }) => outcomeOf(state) === 'completed' && !identity.config.dryRun,
    );
    return last?.identity.newVersion === serving ? last : undefined;
  }

  /** @throws AppError `rollout_not_found` */
  require(id: string): Rollout {
    const rollout = this.#all.get(id);
    if (rollout !== undefined) return rollout;
    throw new AppError('rollout_not_found', `There is no rollout "${id}".`, {
      next: 'GET /api/v1/model_serving/rollouts lists those that are known.',
    });
  }
}

import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionSelector } from '../../core/model/version.ts';
import type { RollbackReason } from '../../core/rollout/reasons.ts';
import type { RolloutOptions } from '../../core/rollout/rollout-config.ts';
import type { LoadOptions } from '../service.ts';
import type { RolloutAction, RolloutEventView, RolloutView } from './views.ts';

export interface UpdateRequest {
  readonly modelId: ModelId;
  readonly newVersion: VersionSelector;
  readonly source: string | undefined;
  readonly sha256: string | undefined;
  /** As for a load of the new version. */
  readonly options: LoadOptions;
  /** Over the manifest's. */
  readonly strategy: RolloutOptions;
  /** Roll back the update of this model that is under way, if there is one, instead of refusing this one. */
  readonly supersede: boolean;
  /** True: answer when it has ended. */
  readonly wait: boolean;
}

export interface RollbackResult {
  readonly modelId: string;
  /** The version that serves now, and the one that did. */
  readonly servingVersion: string;
  readonly replacedVersion: string;
  /** Where an update was under way: it is being rolled back. */
  readonly rollout: RolloutView | undefined;
}

/** Running totals of the whole server. */
export interface RolloutCounters {
  /** Updates that were begun. */
  readonly attempts: number;
  readonly completed: number;
  readonly rolledBack: number;
  /** By a person: not counted as rolled back. */
  readonly aborted: number;
  /** Of those rolled back and of those aborted; every reason is there. */
  readonly rollbacksByReason: Readonly<Record<RollbackReason, number>>;
  /** Requests that a new version failed and the old one answered. */
  readonly fallbacksAnswered: number;
  /** Those that the old one had no room for, or failed too. */
  readonly fallbacksFailed: number;
}

/** Updates, as the HTTP side calls them. `Rollouts` is it; tests give a fake. */
export interface RolloutServing {
  /**
   * Begins an update of the version that serves.
   * @throws AppError `model_not_found`, `version_not_found`, `invalid_request`, `conflict` that names the update under way,
   *   `not_ready` where no version serves, `insufficient_memory` where both can not be in memory
   */
  update(request: UpdateRequest, signal: AbortSignal): Promise<RolloutView>;
  /** The latest first. Undefined: of all models. */
  list(modelId: ModelId | undefined): readonly RolloutView[];
  /** @throws AppError `rollout_not_found` */
  describe(id: string): RolloutView;
  /**
   * The events after the one with the number `after`, then each as it comes, until the one that ends the rollout.
   * @throws AppError `rollout_not_found`
   */
  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RolloutEventView>;
  /** @throws AppError `rollout_not_found`, `conflict` with why the action means nothing now */
  control(id: string, action: RolloutAction): Promise<RolloutView>;
  /** For metrics: reads memory alone. */
  counters(): RolloutCounters;
  /**
   * Returns to the version that served before. An update that is under way is aborted.
   * @throws AppError `model_not_found`, `conflict` where there is no version to return to
   */
  rollback(modelId: ModelId, signal: AbortSignal): Promise<RollbackResult>;
}

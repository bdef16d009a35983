import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { RolloutConfig } from '../../core/rollout/rollout-config.ts';

/** What an update is, from its beginning to its end. */
export interface RolloutIdentity {
  readonly id: string;
  readonly modelId: ModelId;
  readonly oldVersion: VersionName;
  readonly newVersion: VersionName;
  readonly config: RolloutConfig;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

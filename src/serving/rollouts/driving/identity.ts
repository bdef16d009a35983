import type { ModelId } from '../../../core/model/model-id.ts';
import type { VersionName } from '../../../core/model/version.ts';
import type { RolloutConfig } from '../../../core/rollout/rollout-config.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { LoadSettings } from '../../lifecycle/resident.ts';

/** What an update is, from its beginning to its end. */
export interface RolloutIdentity {
  readonly id: string;
  readonly modelId: ModelId;
  readonly oldVersion: VersionName;
  readonly newVersion: VersionName;
  readonly config: RolloutConfig;
  /** How each version is to be loaded where it is not here: after a restart, or on the way back. */
  readonly settings: Readonly<Record<Arm, LoadSettings>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

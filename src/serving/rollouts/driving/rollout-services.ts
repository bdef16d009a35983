import type { outcomeOf } from '../../../core/rollout/rollout-state.ts';
import type { RandomSource } from '../../../core/traffic/assignment.ts';
import type { HealthChecker } from '../../health/health-checker.ts';
import type { Residency } from '../../lifecycle/residency.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AnswerComparer } from '../../ports/comparison.ts';
import type { Logger } from '../../ports/logger.ts';
import type { PayloadStore } from '../../ports/payload.ts';
import type { Store } from '../../ports/store.ts';
import type { VersionRuns } from '../../running/version-runs.ts';
import type { RecordedRequests } from '../comparing/recorded-requests.ts';
import type { Hosting } from './hosting.ts';
import type { Rollout } from './rollout.ts';

/** What every update of this server needs of it. */
export interface RolloutServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly residency: Residency;
  readonly hosting: Hosting;
  readonly runs: VersionRuns;
  readonly health: HealthChecker;
  readonly payloads: PayloadStore;
  readonly comparer: AnswerComparer;
  readonly recorded: RecordedRequests;
  readonly random: RandomSource;
  /** Epoch milliseconds that do not run backwards. */
  readonly now: () => number;
  /** Told when a version need not be kept any more. */
  readonly onReleased: () => void;
  readonly onFallback: (answered: boolean) => void;
  readonly onEnded: (rollout: Rollout, outcome: ReturnType<typeof outcomeOf>) => void;
}

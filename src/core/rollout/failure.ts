import type { Facts } from './facts.ts';
import type { LogBody } from './log-entry.ts';
import type { FailureReason, PauseReason, RollbackReason } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { RolloutState } from './rollout-state.ts';
import { KEPT } from './row.ts';

export const FAILURE_WORDS = 'rolled back; with `onFailure: pause`, paused at weight 0';

export function rollBack(reason: RollbackReason, facts: Facts = {}): readonly LogBody[] {
  return [{ type: 'rollback_began', reason, facts }];
}

export function pauseFor(reason: PauseReason, facts: Facts = {}): readonly LogBody[] {
  return [{ type: 'paused', reason, withdrawn: false, gate: null, facts }];
}

/**
 * What becomes of a version that fails. `onFailure: pause` keeps it for a person to look at, without traffic; before it
 * is loaded there is nothing to look at.
 */
export function fail(
  { phase }: RolloutState,
  { onFailure }: RolloutConfig,
  reason: FailureReason,
  facts: Facts,
): readonly LogBody[] {
  if (onFailure === 'rollback' || !KEPT.includes(phase)) return rollBack(reason, facts);
  return [{ type: 'paused', reason, withdrawn: true, gate: null, facts }];
}

/** Whether a failure changes anything: one that is withdrawn already waits for a person, and not anew for each failure. */
export function failureCounts({ pause, accepted }: RolloutState, reason: FailureReason): boolean {
  return pause?.withdrawn !== true && !accepted.includes(reason);
}

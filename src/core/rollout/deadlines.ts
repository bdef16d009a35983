import type { DeadlineLimits, RolloutConfig } from './rollout-config.ts';
import type { RolloutState } from './rollout-state.ts';

/** What a deadline can be of: a state, a pause, or a hold within a state. */
export type DeadlineKind = keyof DeadlineLimits | 'held';

export interface Deadline {
  readonly kind: DeadlineKind;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What ends next by itself, or undefined where all is over. While it is paused, only the pause has a deadline. */
export function nextDeadline(state: RolloutState, { deadlinesMs, holdLimitMs }: RolloutConfig): Deadline | undefined {
  const { phase, pause, hold } = state;
  if (phase === 'completed' || phase === 'rolled_back') return undefined;
  if (pause !== null) return { kind: 'paused', at: pause.since + deadlinesMs.paused };
  const own: Deadline = { kind: phase, at: state.deadlineFrom + deadlinesMs[phase] };
  const held: Deadline | undefined = hold === null ? undefined : { kind: 'held', at: hold.since + holdLimitMs };
  return held !== undefined && held.at < own.at ? held : own;
}

import type { HoldCause, PauseReason, RollbackReason } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';

export const PHASES = [
  'pending',
  'loading',
  'probing',
  'stage',
  'baking',
  'draining',
  'completed',
  'rolling_back',
  'rolled_back',
] as const;

export type Phase = (typeof PHASES)[number];

/** The phases in which the new version may be given traffic. */
export type TrafficPhase = 'stage' | 'baking' | 'draining';

/**
 * Where a rollout stands. It holds nothing that the log does not say, so that the log alone gives it; deadlines and
 * weights follow from it and the configuration. Times are epoch milliseconds: they must mean the same after a restart.
 */
export interface RolloutState {
  /** The number of the last entry of the log; the first one is 1. */
  readonly sequence: number;
  /** When that was. */
  readonly at: number;
  readonly phase: Phase;
  /** 1 for the first stage; 0 before it was reached. After a restart, the one to go on with. */
  readonly stage: number;
  /** The highest stage ever reached. */
  readonly furthestStage: number;
  /** Since when the phase (and stage) lasts: dwell counts from here. */
  readonly since: number;
  /** From when its deadline counts: later than `since` once it was resumed. */
  readonly deadlineFrom: number;
  /** After a restart: where to go on once the new version is loaded and probed again. */
  readonly resumesIn: 'stage' | 'baking' | null;
  /** Whether the new version has passed its probes, and nothing has been held against it since. */
  readonly proven: boolean;
  readonly newReady: boolean;
  readonly oldReady: boolean;
  readonly breakerOpen: boolean;
  readonly pause: Pause | null;
  readonly hold: { readonly cause: HoldCause; readonly since: number } | null;
  /** What a person was asked about and let pass. */
  readonly accepted: readonly PauseReason[];
  readonly stepBacks: number;
  readonly uncleanRestarts: number;
  /** Why it is, or was, rolled back. */
  readonly rollbackReason: RollbackReason | null;
}

export interface Pause {
  readonly reason: PauseReason;
  readonly since: number;
  /** The new version failed and has no traffic meanwhile. */
  readonly withdrawn: boolean;
}

export interface Weights {
  readonly oldPercent: number;
  readonly newPercent: number;
}

export function isTerminal({ phase }: RolloutState): boolean {
  return phase === 'completed' || phase === 'rolled_back';
}

export function isTrafficPhase(phase: Phase): phase is TrafficPhase {
  return phase === 'stage' || phase === 'baking' || phase === 'draining';
}

/** How it ended, or undefined while it has not. An abort is a rollback by a person. */
export function outcomeOf({
  phase,
  rollbackReason,
}: RolloutState): 'completed' | 'rolled_back' | 'aborted' | undefined {
  if (phase === 'completed') return 'completed';
  if (phase !== 'rolled_back') return undefined;
  return rollbackReason === 'aborted' ? 'aborted' : 'rolled_back';
}

/** Whether the new version may be given traffic: it is there, has passed its probes, and no breaker is open. */
export function canAnswer({ newReady, proven, breakerOpen }: RolloutState): boolean {
  return newReady && proven && !breakerOpen;
}

/**
 * Whether requests that the new version fails are all to be answered by the old one, at whatever cost. Where it gets no
 * more of them, that is what it still has: after a crash, and in a rollback.
 */
export function isUnderSuspicion({ phase, hold, breakerOpen, pause, newReady }: RolloutState): boolean {
  if (breakerOpen || pause?.withdrawn === true || !newReady) return true;
  if (phase === 'rolling_back' || phase === 'rolled_back') return true;
  return hold?.cause === 'evidence' || hold?.cause === 'breaker';
}

/**
 * Who answers. The two sum to 100, always. The new version has none unless it is ready and proven; where the old one
 * can not answer and the new one can, the new one has it all: the target is a runner that is healthy now, not a role.
 * Where neither can, requests wait for the old one.
 */
export function weightsOf(state: RolloutState, config: RolloutConfig): Weights {
  const newPercent = config.dryRun ? 0 : newPercentOf(state, config);
  return { oldPercent: 100 - newPercent, newPercent };
}

function newPercentOf(state: RolloutState, config: RolloutConfig): number {
  if (state.phase === 'completed') return 100;
  if (!canAnswer(state) || state.pause?.withdrawn === true) return 0;
  if (!isTrafficPhase(state.phase) && state.phase !== 'rolling_back') return 0;
  if (!state.oldReady && state.furthestStage > 0) return 100;
  return plannedPercent(state, config);
}

/** What the new version would have if nothing stood against it. */
export function plannedPercent({ phase, stage }: RolloutState, { stages }: RolloutConfig): number {
  if (phase === 'stage') return stages[stage - 1]?.percent ?? 0;
  return phase === 'baking' || phase === 'draining' || phase === 'completed' ? 100 : 0;
}

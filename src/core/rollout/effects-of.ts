import type { Effect } from './effects.ts';
import type { LogEntry } from './log-entry.ts';
import { isEvidenceReason } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import { canAnswer, type RolloutState, weightsOf } from './rollout-state.ts';

type Entered = Extract<LogEntry, { readonly type: 'entered' }>;

/**
 * What an entry of the log asks for, in order. What takes traffic away from a version that may be bad, or away
 * altogether, is written first and recorded after: safety waits for no disk. Everything else is recorded first, so that
 * no restart finds a weight that it does not know of.
 */
export function effectsOf(
  before: RolloutState,
  entry: LogEntry,
  after: RolloutState,
  config: RolloutConfig,
): readonly Effect[] {
  const record: Effect = { type: 'record', entry };
  const weight = weightEffects(before, entry, after, config);
  const rest = otherEffects(before, entry, after, config);
  return isWithdrawal(entry) ? [...weight, record, ...rest] : [record, ...weight, ...rest];
}

function isWithdrawal(entry: LogEntry): boolean {
  switch (entry.type) {
    case 'rollback_began':
    case 'restarted':
    case 'breaker_opened':
    case 'new_lost':
    case 'old_lost':
    case 'old_ready':
      return true;
    case 'paused':
      return entry.withdrawn;
    default:
      return false;
  }
}

/** A rollback and a restart write the weight whatever it was: there it must not matter what anybody believed it to be. */
function weightEffects(
  before: RolloutState,
  entry: LogEntry,
  after: RolloutState,
  config: RolloutConfig,
): readonly Effect[] {
  const { newPercent } = weightsOf(after, config);
  const always = entry.type === 'rollback_began' || isAfterRestart(entry);
  if (!always && newPercent === weightsOf(before, config).newPercent) return [];
  const when = mayEndBlock(entry) ? 'block_end' : 'now';
  return [{ type: 'set_weight', newPercent, when, sequence: entry.sequence }];
}

function isAfterRestart(entry: LogEntry): boolean {
  return entry.type === 'restarted' || (entry.type === 'entered' && entry.reason === 'restarted');
}

/** Whether nothing is at stake that could not wait for up to 20 requests. */
function mayEndBlock(entry: LogEntry): boolean {
  switch (entry.type) {
    case 'entered':
      return entry.phase === 'stage' || entry.phase === 'baking';
    case 'resumed':
    case 'breaker_closed':
    case 'new_ready':
      return true;
    default:
      return false;
  }
}

function otherEffects(
  before: RolloutState,
  entry: LogEntry,
  after: RolloutState,
  config: RolloutConfig,
): readonly Effect[] {
  switch (entry.type) {
    case 'entered':
      return enteredEffects(before, entry, config);
    case 'rollback_began':
      return [canUnloadNew(after) ? { type: 'unload_new' } : { type: 'restore_old' }];
    case 'restarted':
      return after.phase === 'loading' ? [{ type: 'load' }] : admitEffects(after);
    case 'resumed':
      return resumedEffects(before, after);
    case 'breaker_opened':
      return [{ type: 'settle_by_pairs' }];
    case 'old_lost':
      return [{ type: 'restore_old' }];
    case 'new_ready':
      return after.phase === 'probing' ? [{ type: 'probe' }] : [];
    case 'old_ready':
      return after.phase === 'rolling_back' ? [{ type: 'unload_new' }] : [];
    default:
      return [];
  }
}

/** The new version goes once it answers nothing: while the old one is away it may be all there is. */
function canUnloadNew(state: RolloutState): boolean {
  return state.oldReady || !canAnswer(state);
}

export function admitEffects({ pause }: RolloutState): readonly Effect[] {
  return pause === null ? [{ type: 'admit' }] : [];
}

/** A copy of the evidence starts where its stage is entered for the first time, not again after a step back. */
function enteredEffects(before: RolloutState, entry: Entered, config: RolloutConfig): readonly Effect[] {
  const leaving = config.dryRun ? 'new' : 'old';
  const late = entry.reason === 'deadline';
  switch (entry.phase) {
    case 'loading':
      return [{ type: 'load' }];
    case 'probing':
      return [{ type: 'probe' }];
    case 'stage':
      return copyEffects(before.furthestStage, entry.stage);
    case 'baking':
      return [];
    case 'draining':
      return [{ type: 'drain', arm: leaving }];
    case 'completed':
      return [...(late ? [{ type: 'cut_off', arm: leaving } as const] : []), ...completedEffects(entry, config)];
    case 'rolled_back':
      return late ? [{ type: 'cut_off', arm: 'new' }, { type: 'unload_new' }] : [];
  }
}

/** After a restart the old version is not loaded: there is nothing to keep. */
function completedEffects({ reason }: Entered, { dryRun, keepPreviousMs }: RolloutConfig): readonly Effect[] {
  if (dryRun) return [{ type: 'unload_new' }];
  return reason === 'restarted' ? [] : [{ type: 'keep_previous', forMs: keepPreviousMs }];
}

/** A promotion to the end passes over stages; their copies have nothing to begin with. */
function copyEffects(furthest: number, stage: number): readonly Effect[] {
  return stage >= 2 && stage > furthest ? [{ type: 'start_copy', stage }] : [];
}

/** What failed its probes is probed again: nobody can wave that through. */
function resumedEffects({ pause }: RolloutState, after: RolloutState): readonly Effect[] {
  const evidence = pause !== null && isEvidenceReason(pause.reason);
  return [
    ...(evidence ? [{ type: 'restart_evidence' } as const] : []),
    ...(after.phase === 'pending' ? admitEffects(after) : []),
    ...(after.phase === 'probing' && pause?.withdrawn === true ? [{ type: 'probe' } as const] : []),
  ];
}

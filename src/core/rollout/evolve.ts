import type { LogEntry } from './log-entry.ts';
import { blamesNewVersion, type HoldCause, isEvidenceReason, type PauseReason } from './reasons.ts';
import { isTrafficPhase, type RolloutState } from './rollout-state.ts';

type EntryOf<T extends LogEntry['type']> = Extract<LogEntry, { readonly type: T }>;

/** The only way in which a state changes: by what the log says. */
export function evolve(state: RolloutState, entry: LogEntry): RolloutState {
  return { ...changed(state, entry), sequence: entry.sequence, at: entry.at };
}

/**
 * The state that a log leads to.
 *
 * @throws RangeError when the log does not begin at its beginning, or has a gap
 */
export function replay(entries: readonly LogEntry[]): RolloutState {
  const [first, ...rest] = entries;
  if (first?.type !== 'created' || first.sequence !== 1)
    throw new RangeError('The log of a rollout begins with "created".');
  return rest.reduce((state, entry) => {
    if (entry.sequence !== state.sequence + 1) {
      throw new RangeError(`Entry ${state.sequence + 1} of the rollout's log is missing: ${entry.sequence} follows.`);
    }
    return evolve(state, entry);
  }, initialState(first));
}

export function initialState({ sequence, at, startPaused }: EntryOf<'created'>): RolloutState {
  return {
    sequence,
    at,
    phase: 'pending',
    stage: 0,
    furthestStage: 0,
    since: at,
    deadlineFrom: at,
    resumesIn: null,
    proven: false,
    newReady: false,
    oldReady: true,
    breakerOpen: false,
    pause: startPaused ? { reason: 'start_paused', since: at, withdrawn: false } : null,
    hold: null,
    accepted: [],
    stepBacks: 0,
    uncleanRestarts: 0,
    rollbackReason: null,
  };
}

function changed(state: RolloutState, entry: LogEntry): RolloutState {
  switch (entry.type) {
    case 'created':
      throw new RangeError('A rollout is created once.');
    case 'entered':
      return entered(state, entry);
    case 'proven':
      return { ...state, proven: true };
    case 'rollback_began':
      return rollingBack(state, entry);
    case 'paused':
      return paused(state, entry);
    case 'resumed':
      return resumed(state, entry.at);
    case 'hold_began':
      return { ...state, hold: { cause: entry.cause, since: entry.at } };
    case 'hold_ended':
      return { ...state, hold: null };
    case 'breaker_opened':
      return withHold({ ...state, breakerOpen: true }, entry.at);
    case 'breaker_closed':
      return { ...state, breakerOpen: false };
    case 'new_lost':
      return newLost(state, entry.at);
    case 'new_ready':
      return { ...state, newReady: true };
    case 'old_lost':
      return withHold({ ...state, oldReady: false }, entry.at);
    case 'old_ready':
      return { ...state, oldReady: true };
    case 'restarted':
      return restarted(state, entry);
  }
}

function entered(state: RolloutState, { at, phase, stage, reason }: EntryOf<'entered'>): RolloutState {
  const next = { ...state, phase, stage, since: at, deadlineFrom: at, hold: null };
  if (reason === 'loaded') return { ...next, newReady: true };
  if (phase === 'completed' || phase === 'rolled_back') return { ...next, breakerOpen: false, pause: null };
  if (!isTrafficPhase(phase)) return next;
  return withHold(
    {
      ...next,
      proven: state.proven || reason === 'probes_passed',
      resumesIn: null,
      furthestStage: Math.max(state.furthestStage, stage),
      stepBacks: state.stepBacks + (reason === 'saturated' ? 1 : 0),
    },
    at,
  );
}

/** What has failed is not what to fall back on, even while the old version is away. */
function rollingBack(before: RolloutState, { at, reason }: EntryOf<'rollback_began'>): RolloutState {
  const state = reason === 'restarted_twice' ? withoutRunners(before) : before;
  const proven = state.proven && !blamesNewVersion(reason) && state.pause?.withdrawn !== true;
  const over = { resumesIn: null, pause: null, hold: null };
  return { ...state, ...over, phase: 'rolling_back', proven, rollbackReason: reason, since: at, deadlineFrom: at };
}

/** No runner has outlived the server. The old version is served at once by what restores it, the new one is not there. */
function withoutRunners(state: RolloutState): RolloutState {
  return { ...state, proven: false, newReady: false, oldReady: true, breakerOpen: false, hold: null };
}

/** What is lost before it had any traffic is probed from the beginning. */
function newLost(state: RolloutState, at: number): RolloutState {
  const proven = state.proven && state.phase !== 'probing';
  return withHold({ ...state, newReady: false, proven }, at);
}

/** A pause in the place of another one does not get its time anew, or a stream of findings would keep it for ever. */
function paused(state: RolloutState, { at, reason, withdrawn }: EntryOf<'paused'>): RolloutState {
  const proven = state.proven && !(withdrawn && state.phase === 'probing');
  return { ...state, proven, pause: { reason, since: state.pause?.since ?? at, withdrawn }, hold: null };
}

/** What a person has looked at and let pass does not stop the rollout again. Evidence is gathered anew instead. */
function resumed(state: RolloutState, at: number): RolloutState {
  const { pause } = state;
  if (pause === null) return state;
  const accepted = isAcceptable(pause.reason) ? [...new Set([...state.accepted, pause.reason])] : state.accepted;
  const since = pause.withdrawn ? at : state.since;
  return withHold({ ...state, pause: null, accepted, since, deadlineFrom: at }, at);
}

const NEVER_ACCEPTED: readonly PauseReason[] = [
  'requested',
  'start_paused',
  'deadline',
  'hook',
  'evidence_hold',
  'breaker',
  'new_lost',
  'old_lost',
];

function isAcceptable(reason: PauseReason): boolean {
  return !NEVER_ACCEPTED.includes(reason) && !isEvidenceReason(reason);
}

/**
 * The new version has to be loaded and probed again. The clock may have been set back meanwhile; a pause keeps its time
 * all the same.
 */
function restarted(state: RolloutState, { at, clean, phase, resumesIn }: EntryOf<'restarted'>): RolloutState {
  const { pause } = state;
  return {
    ...withoutRunners(state),
    phase,
    resumesIn,
    since: at,
    deadlineFrom: at,
    pause: pause === null ? null : { ...pause, since: Math.min(pause.since, at) },
    uncleanRestarts: state.uncleanRestarts + (clean ? 0 : 1),
  };
}

/** Whatever keeps the ramp from going on while it lasts, of that which the state itself knows. */
export function standingHoldCause({ breakerOpen, newReady, oldReady }: RolloutState): HoldCause | undefined {
  if (breakerOpen) return 'breaker';
  if (!newReady) return 'new_lost';
  return oldReady ? undefined : 'old_lost';
}

/** Draining needs no old version, and does not advance by a gate. */
function withHold(state: RolloutState, since: number): RolloutState {
  const cause = standingHoldCause(state);
  if (cause === undefined || state.hold !== null || state.pause !== null) return state;
  return state.phase === 'stage' || state.phase === 'baking' ? { ...state, hold: { cause, since } } : state;
}

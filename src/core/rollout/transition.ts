import { AVAILABILITY_ROWS } from './availability-rows.ts';
import { CHECK_ROWS } from './check-rows.ts';
import { DEADLINE_ROWS } from './deadline-rows.ts';
import type { Effect } from './effects.ts';
import { admitEffects, effectsOf } from './effects-of.ts';
import { evolve, initialState } from './evolve.ts';
import { type Facts, writableFacts } from './facts.ts';
import { GATE_ROWS } from './gate-rows.ts';
import type { LogBody, LogEntry } from './log-entry.ts';
import { PERSON_ROWS } from './person-rows.ts';
import { PROGRESS_ROWS } from './progress-rows.ts';
import { RESTART_ROWS } from './restart-rows.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { RolloutEvent } from './rollout-events.ts';
import { isTerminal, type RolloutState } from './rollout-state.ts';
import type { Row } from './row.ts';

/**
 * The whole machine. What can roll back stands before what can advance: a tick that brings a conviction is never read
 * as a gate that passes.
 */
export const TRANSITIONS: readonly Row[] = [
  ...PERSON_ROWS,
  ...CHECK_ROWS,
  ...DEADLINE_ROWS,
  ...RESTART_ROWS,
  ...AVAILABILITY_ROWS,
  ...PROGRESS_ROWS,
  ...GATE_ROWS,
];

export type Transition =
  | { readonly taken: true; readonly state: RolloutState; readonly effects: readonly Effect[] }
  /** The event means nothing here, or not now. The state is the one given. */
  | { readonly taken: false; readonly state: RolloutState; readonly effects: readonly []; readonly why: string };

/** A new rollout in `pending`. */
export function createRollout(config: RolloutConfig, now: number, facts: Facts = {}): Transition {
  const entry = { type: 'created', startPaused: config.startPaused, facts, sequence: 1, at: now } as const;
  const state = initialState(entry);
  return { taken: true, state, effects: [{ type: 'record', entry }, ...admitEffects(state)] };
}

/**
 * What an event does to a rollout. Pure: the state comes from the log entries among the effects, and from nothing else.
 *
 * @param now epoch milliseconds, of a clock that does not run backwards while the server lives
 */
export function transition(state: RolloutState, event: RolloutEvent, now: number, config: RolloutConfig): Transition {
  if (isTerminal(state)) return refused(state, `the rollout has ended: it is ${state.phase}`);
  const at = event.type === 'server_restarted' ? now : Math.max(now, state.at);
  const bodies = decide(state, event, at, config);
  return typeof bodies === 'string' ? refused(state, bodies) : apply(state, bodies, at, config);
}

function decide(
  state: RolloutState,
  event: RolloutEvent,
  at: number,
  config: RolloutConfig,
): readonly LogBody[] | string {
  const rows = TRANSITIONS.filter((row) => row.on === event.type && row.from.includes(state.phase));
  for (const row of rows) {
    const bodies = row.decide(state, event, at, config);
    if (bodies !== undefined) return bodies;
  }
  if (rows.length === 0) return `"${event.type}" means nothing while it is ${state.phase}`;
  return `"${event.type}" changes nothing now; it does while it is ${state.phase} when ${wordsOf(rows)}`;
}

function wordsOf(rows: readonly Row[]): string {
  return rows.map((row) => row.when).join('; or ');
}

function apply(before: RolloutState, bodies: readonly LogBody[], at: number, config: RolloutConfig): Transition {
  let state = before;
  const effects: Effect[] = [];
  for (const body of bodies) {
    const entry: LogEntry = { ...body, facts: writableFacts(body.facts), sequence: state.sequence + 1, at };
    const next = evolve(state, entry);
    effects.push(...effectsOf(state, entry, next, config));
    state = next;
  }
  return { taken: true, state, effects };
}

function refused(state: RolloutState, why: string): Transition {
  return { taken: false, state, effects: [], why };
}

import type { Facts } from './facts.ts';
import { rollBack } from './failure.ts';
import type { GateReport } from './gate-report.ts';
import { evaluateGate } from './gates.ts';
import type { LogBody } from './log-entry.ts';
import type { AdvanceReason } from './reasons.ts';
import type { RolloutConfig } from './rollout-config.ts';
import { canAnswer, type RolloutState } from './rollout-state.ts';
import { type Context, GATED, type Row, row } from './row.ts';

type Entered = Extract<LogBody, { readonly type: 'entered' }>;

/** The way from `pending` to `completed`, when all goes well. */
export const PROGRESS_ROWS: readonly Row[] = [
  row({
    on: 'start',
    from: ['pending'],
    when: 'not paused',
    guard: ({ state }) => state.pause === null,
    to: ['loading'],
    what: 'the load begins, `started`',
    log: ({ state }) => [enter('loading', state.stage, 'started')],
  }),
  row({
    on: 'loaded',
    from: ['loading'],
    when: '',
    to: ['probing'],
    what: 'the comprehensive health check begins, `loaded`',
    log: ({ state, event }) => [enter('probing', state.stage, 'loaded', event.facts)],
  }),
  row({
    on: 'load_failed',
    from: ['pending', 'loading'],
    when: '',
    to: ['rolling_back'],
    what: 'rolled back, `load_failed`',
    log: ({ event }) => rollBack('load_failed', event.facts),
  }),
  row({
    on: 'probes_passed',
    from: ['probing'],
    when: 'the new version is ready, not paused',
    guard: ({ state }) => state.newReady && state.pause === null,
    to: ['stage', 'baking'],
    what: 'stage 1 begins, or the one that a restart broke off, `probes_passed`',
    log: ({ state, event }) => [firstTraffic(state, 'probes_passed', event.facts)],
  }),
  row({
    on: 'probes_passed',
    from: ['probing'],
    when: 'the new version is ready, paused but not for a failure',
    guard: ({ state }) => state.newReady && state.pause?.withdrawn === false && !state.proven,
    to: ['same'],
    what: 'noted; its traffic begins when it is resumed',
    log: ({ event }) => [{ type: 'proven', facts: event.facts }],
  }),
  ...gateRows(),
  row({
    on: 'drained',
    from: ['draining'],
    when: 'the new version can answer',
    guard: ({ state }) => canAnswer(state),
    to: ['completed'],
    what: 'completed, `drained`',
    log: ({ state }) => [enter('completed', state.stage, 'drained')],
  }),
  row({
    on: 'unloaded',
    from: ['rolling_back'],
    when: '',
    to: ['rolled_back'],
    what: 'rolled back, `unloaded`',
    log: ({ state }) => [enter('rolled_back', state.stage, 'unloaded')],
  }),
];

/** Each reads the gate anew: it is pure, and a row has to stand by itself. */
function gateRows(): readonly Row[] {
  return [
    row({
      on: 'tick',
      from: ['stage'],
      when: 'not paused, the gate lets it pass',
      guard: (context) => context.state.pause === null && gateOf(context).verdict === 'advance',
      to: ['stage', 'baking', 'draining'],
      what: 'the next stage, after the last one the bake (in a dry run the drain), `gate_passed`',
      log: (context) => [afterStage(context.state, context.config, 'gate_passed', gateOf(context))],
    }),
    row({
      on: 'tick',
      from: ['baking'],
      when: 'not paused, the gate lets it pass',
      guard: (context) => context.state.pause === null && gateOf(context).verdict === 'advance',
      to: ['draining'],
      what: 'the drain, `gate_passed`',
      log: (context) => [afterStage(context.state, context.config, 'gate_passed', gateOf(context))],
    }),
    row({
      on: 'tick',
      from: ['stage'],
      when: 'not paused, the versions have drifted apart',
      guard: (context) => context.state.pause === null && gateOf(context).verdict === 'ask',
      to: ['same'],
      what: 'paused, `drift`',
      log: (context) => [{ type: 'paused', reason: 'drift', withdrawn: false, gate: gateOf(context), facts: {} }],
    }),
    row({
      on: 'tick',
      from: GATED,
      when: 'not paused, π·E ≥ 2, not held',
      guard: (context) =>
        context.state.pause === null && context.state.hold === null && gateOf(context).verdict === 'hold',
      to: ['same'],
      what: 'held, `evidence`',
      log: ({ event }) => [{ type: 'hold_began', cause: 'evidence', facts: event.measured.evidence }],
    }),
    row({
      on: 'tick',
      from: GATED,
      when: 'not paused, held, nothing to hold it for any more',
      guard: (context) =>
        context.state.pause === null && context.state.hold !== null && gateOf(context).verdict === 'wait',
      to: ['same'],
      what: 'not held any more',
      log: ({ event }) => [{ type: 'hold_ended', facts: event.measured.evidence }],
    }),
  ];
}

function gateOf({ state, event, now, config }: Context<'tick'>): GateReport {
  return evaluateGate(state, event.measured, now, config);
}

export function enter(phase: Entered['phase'], stage: number, reason: AdvanceReason, facts: Facts = {}): Entered {
  return { type: 'entered', phase, stage, reason, gate: null, facts };
}

/** Stage 1, or where a restart broke it off: at the start of its stage. */
export function firstTraffic(state: RolloutState, reason: AdvanceReason, facts: Facts = {}): Entered {
  return enter(state.resumesIn ?? 'stage', state.resumesIn === null ? 1 : state.stage, reason, facts);
}

/** What comes after a stage or the bake. A dry run ends there: there is nothing to bake at weight 0. */
export function afterStage(
  state: RolloutState,
  { stages, dryRun }: RolloutConfig,
  reason: AdvanceReason,
  gate: GateReport | null = null,
): Entered {
  const isLast = state.stage >= stages.length;
  if (state.phase === 'stage' && !isLast) return { ...enter('stage', state.stage + 1, reason), gate };
  const next = state.phase === 'stage' && !dryRun ? 'baking' : 'draining';
  return { ...enter(next, state.stage, reason), gate };
}

import { afterStage } from './entering.ts';
import type { GateReport } from './gate-report.ts';
import { evaluateGate } from './gates.ts';
import { type Context, GATED, type Row, row } from './row.ts';

/** How a stage and the bake end. Each row reads the gate anew: it is pure, and a row has to stand by itself. */
export const GATE_ROWS: readonly Row[] = [
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

function gateOf({ state, event, now, config }: Context<'tick'>): GateReport {
  return evaluateGate(state, event.measured, now, config);
}

import { enter, firstTraffic } from './entering.ts';
import { rollBack } from './failure.ts';
import { canAnswer } from './rollout-state.ts';
import { type Row, row } from './row.ts';

/** The way from `pending` to stage 1, and from the drain to the end. Gates have rows of their own. */
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

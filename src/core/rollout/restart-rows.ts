import { rollBack } from './failure.ts';
import { enter } from './progress-rows.ts';
import { PAUSABLE, type Row, row } from './row.ts';

/** What becomes of a rollout that was under way when the server ended. */
export const RESTART_ROWS: readonly Row[] = [
  row({
    on: 'server_restarted',
    from: ['draining'],
    when: '',
    to: ['completed'],
    what: 'completed, `restarted`: the new version was proven, and no lease has outlived the server',
    log: ({ state }) => [enter('completed', state.stage, 'restarted')],
  }),
  row({
    on: 'server_restarted',
    from: ['rolling_back'],
    when: '',
    to: ['rolled_back'],
    what: 'rolled back, `restarted`',
    log: ({ state }) => [enter('rolled_back', state.stage, 'restarted')],
  }),
  row({
    on: 'server_restarted',
    from: PAUSABLE,
    when: 'unclean, for the second time',
    guard: ({ state, event }) => !event.clean && state.uncleanRestarts > 0,
    to: ['rolling_back'],
    what: 'rolled back, `restarted_twice`',
    log: ({ state }) => rollBack('restarted_twice', { uncleanRestarts: state.uncleanRestarts + 1 }),
  }),
  row({
    on: 'server_restarted',
    from: PAUSABLE,
    when: '',
    to: ['pending', 'loading'],
    what: 'loads and probes the new version again, then goes on at the start of its stage; `pending` stays so',
    log: ({ state, event }) => [
      {
        type: 'restarted',
        clean: event.clean,
        phase: state.phase === 'pending' ? 'pending' : 'loading',
        resumesIn: state.phase === 'stage' || state.phase === 'baking' ? state.phase : state.resumesIn,
        facts: { was: state.phase, stage: state.stage },
      },
    ],
  }),
];

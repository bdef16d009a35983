import { enter } from './entering.ts';
import { rollBack } from './failure.ts';
import type { LogBody } from './log-entry.ts';
import { canAnswer, type RolloutState } from './rollout-state.ts';
import { OPEN, type Row, row } from './row.ts';

/** What becomes of a rollout that was under way when the server ended. */
export const RESTART_ROWS: readonly Row[] = [
  row({
    on: 'server_restarted',
    from: ['draining'],
    when: 'the new version could answer',
    guard: ({ state }) => canAnswer(state),
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
    from: OPEN,
    when: 'unclean, for the second time',
    guard: ({ state, event }) => !event.clean && state.uncleanRestarts > 0,
    to: ['rolling_back'],
    what: 'rolled back, `restarted_twice`',
    log: ({ state }) => rollBack('restarted_twice', { uncleanRestarts: state.uncleanRestarts + 1 }),
  }),
  row({
    on: 'server_restarted',
    from: ['pending'],
    when: '',
    to: ['same'],
    what: 'waits for memory again',
    log: ({ state, event }) => [restarted('pending', state, event.clean)],
  }),
  row({
    on: 'server_restarted',
    from: ['loading', 'probing', 'stage', 'baking', 'draining'],
    when: '',
    to: ['loading'],
    what: 'the old version serves; the new one is loaded and probed again, then goes on at the start of its stage, or of the bake',
    log: ({ state, event }) => [restarted('loading', state, event.clean)],
  }),
];

function restarted(to: 'pending' | 'loading', state: RolloutState, clean: boolean): LogBody {
  const facts = { was: state.phase, stage: state.stage };
  return { type: 'restarted', clean, phase: to, resumesIn: resumesIn(state), facts };
}

/** A second restart on the way back does not forget where the first one broke in. */
function resumesIn({ phase, resumesIn: before }: RolloutState): 'stage' | 'baking' | null {
  if (phase === 'draining') return 'baking';
  return phase === 'stage' || phase === 'baking' ? phase : before;
}

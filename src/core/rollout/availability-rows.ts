import type { Phase } from './rollout-state.ts';
import { OPEN, type Row, row, TRAFFIC } from './row.ts';

const WITH_NEW: readonly Phase[] = ['probing', 'stage', 'baking', 'draining', 'rolling_back'];
const WITH_OLD: readonly Phase[] = [...OPEN, 'rolling_back'];

/** Who can answer, and whether it may: somebody has to, while it rolls back too. */
export const AVAILABILITY_ROWS: readonly Row[] = [
  row({
    on: 'breaker_opened',
    from: TRAFFIC,
    when: 'closed',
    guard: ({ state }) => !state.breakerOpen,
    to: ['same'],
    what: 'weight 0 at once, and held, `breaker`; pairs settle it',
    log: ({ event }) => [{ type: 'breaker_opened', facts: event.facts }],
  }),
  row({
    on: 'breaker_closed',
    from: TRAFFIC,
    when: 'open',
    guard: ({ state }) => state.breakerOpen,
    to: ['same'],
    what: 'the weight comes back',
    log: ({ event }) => [{ type: 'breaker_closed', facts: event.facts }],
  }),
  row({
    on: 'new_lost',
    from: WITH_NEW,
    when: 'it was ready',
    guard: ({ state }) => state.newReady,
    to: ['same'],
    what: 'weight 0 at once; in a stage and the bake held, `new_lost`',
    log: ({ event }) => [{ type: 'new_lost', facts: event.facts }],
  }),
  row({
    on: 'new_ready',
    from: WITH_NEW,
    when: 'it was lost',
    guard: ({ state }) => !state.newReady,
    to: ['same'],
    what: 'the weight comes back',
    log: ({ event }) => [{ type: 'new_ready', facts: event.facts }],
  }),
  row({
    on: 'old_lost',
    from: WITH_OLD,
    when: 'it was ready',
    guard: ({ state }) => state.oldReady,
    to: ['same'],
    what: 'the new version has all traffic if it is ready and proven; in a stage and the bake held, `old_lost`',
    log: ({ event }) => [{ type: 'old_lost', facts: event.facts }],
  }),
  row({
    on: 'old_ready',
    from: WITH_OLD,
    when: 'it was lost',
    guard: ({ state }) => !state.oldReady,
    to: ['same'],
    what: 'the weight comes back; a rollback goes on',
    log: ({ event }) => [{ type: 'old_ready', facts: event.facts }],
  }),
];

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextState, TRANSITIONS, type VersionEvent } from '../../../src/serving/lifecycle/version-states.ts';
import type { VersionState } from '../../../src/serving/overview/views.ts';

const EVENTS: readonly VersionEvent[] = [
  'load',
  'loaded',
  'load_failed',
  'abandon',
  'crash_looped',
  'drain',
  'drained',
];

/** States on the way of a random walk; events without meaning are passed over. */
function walk(events: readonly VersionEvent[]): VersionState[] {
  const states: VersionState[] = ['absent'];
  for (const event of events) {
    const next = nextState(states.at(-1) ?? 'absent', event);
    if (next !== undefined) states.push(next);
  }
  return states;
}

test('what was ready is gone only after it has drained, and what failed is never ready again', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
      const states = walk(events);
      states.forEach((state, i) => {
        const before = states[i - 1];
        if (state === 'ready') expect(before).toBe('loading');
        if (state === 'absent' && before !== undefined) expect(['draining', 'loading']).toContain(before);
        if (before === 'failed') expect(state).toBe('draining');
      });
    }),
  );
});

test('from every state but absent there is a way to absent', () => {
  const reachesEnd = (state: VersionState, seen: readonly VersionState[]): boolean =>
    Object.values(TRANSITIONS[state]).some(
      (next) => next === 'absent' || (!seen.includes(next) && reachesEnd(next, [...seen, next])),
    );
  for (const state of ['loading', 'ready', 'draining', 'failed'] as const)
    expect(reachesEnd(state, [state])).toBe(true);
});

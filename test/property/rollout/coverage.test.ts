import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TRANSITIONS } from '../../../src/core/rollout/transition.ts';
import { options, type Step, steps, walk } from './walks.ts';

const happens = (event: Step['event'], weight: number) => ({
  weight,
  arbitrary: fc.constant<Step>({ event, afterMs: 10_000 }),
});
/** What has to happen twice, or while it is paused, in a state that passes quickly. */
const unlucky = fc.array(
  fc.oneof(
    happens('useful', 16),
    happens({ type: 'new_lost', facts: {} }, 1),
    happens({ type: 'server_restarted', clean: false }, 1),
    happens({ type: 'pause' }, 1),
    happens('work', 1),
    happens('expire', 1),
    happens('late', 1),
  ),
  { maxLength: 60, size: 'max' },
);

/** The properties say nothing of what walks never reach. */
test('walks take every row of the table, from every state that it lists', () => {
  const taken = new Set<string>();
  const name = (row: number, phase: string) => `${TRANSITIONS[row]?.on} when ${TRANSITIONS[row]?.when}: ${phase}`;
  fc.assert(
    fc.property(options, fc.oneof(steps, unlucky), (how, path) => {
      walk(how, path, ({ before, event, result, life }) => {
        if (!result.taken) return;
        const { at } = result.state;
        const row = TRANSITIONS.findIndex((one) => one.decide(before, event, at, life.config) !== undefined);
        if (row >= 0) taken.add(name(row, before.phase));
      });
    }),
    { numRuns: 16000, seed: 1 },
  );
  const listed = TRANSITIONS.flatMap(({ from }, row) => from.map((phase) => name(row, phase)));
  expect(listed.filter((one) => !taken.has(one))).toEqual([]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TRANSITIONS } from '../../../src/core/rollout/transition.ts';
import { options, steps, walk } from './walks.ts';

/** The properties say nothing of what walks never reach. */
test('walks take every row of the table, from every state that it lists', () => {
  const taken = new Set<string>();
  const name = (row: number, phase: string) => `${TRANSITIONS[row]?.on} when ${TRANSITIONS[row]?.when}: ${phase}`;
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, event, result, life }) => {
        if (!result.taken) return;
        const { at } = result.state;
        const row = TRANSITIONS.findIndex((one) => one.decide(before, event, at, life.config) !== undefined);
        if (row >= 0) taken.add(name(row, before.phase));
      });
    }),
    { numRuns: 4000, seed: 4 },
  );
  const listed = TRANSITIONS.flatMap(({ from }, row) => from.map((phase) => name(row, phase)));
  expect(listed.filter((one) => !taken.has(one))).toEqual([]);
});

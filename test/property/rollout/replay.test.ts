import fc from 'fast-check';
import { expect, test } from 'vitest';
import { replay } from '../../../src/core/rollout/evolve.ts';
import { options, steps, walk } from './walks.ts';

test('the log alone gives the state, at every moment, and after it was written as JSON and read back', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const life = walk(how, path, ({ life: { state } }) => expect(JSON.parse(JSON.stringify(state))).toEqual(state));
      expect(replay(life.log)).toEqual(life.state);
      const written: typeof life.log = JSON.parse(JSON.stringify(life.log));
      expect(written).toEqual(life.log);
      expect(replay(written)).toEqual(life.state);
    }),
    { numRuns: 300 },
  );
});

test('a log has no gap, and its time does not run backwards between two restarts', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const { log } = walk(how, path);
      expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, i) => i + 1));
      log.forEach((entry, i) => {
        const before = log[i - 1];
        const restarted = 'reason' in entry && (entry.reason === 'restarted' || entry.reason === 'restarted_twice');
        if (before === undefined || entry.type === 'restarted' || restarted) return;
        expect(entry.at).toBeGreaterThanOrEqual(before.at);
      });
    }),
    { numRuns: 300 },
  );
});

test('every transition writes to the log, and what writes nothing changes nothing', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      walk(how, path, ({ before, result }) => {
        const records = result.effects.filter(({ type }) => type === 'record').length;
        expect(result.state.sequence - before.sequence).toBe(records);
        expect(records > 0).toBe(result.taken);
      });
    }),
    { numRuns: 300 },
  );
});

test('a log with a gap, or without its beginning, is refused', () => {
  fc.assert(
    fc.property(options, steps, fc.nat(), (how, path, at) => {
      const { log } = walk(how, path);
      fc.pre(log.length > 2);
      expect(() => replay(log.toSpliced(at % (log.length - 1), 1))).toThrow(RangeError);
    }),
    { numRuns: 300 },
  );
  expect(() => replay([])).toThrow(RangeError);
});

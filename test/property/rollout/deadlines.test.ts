import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextDeadline } from '../../../src/core/rollout/deadlines.ts';
import { isTerminal } from '../../../src/core/rollout/rollout-state.ts';
import { NOTHING_MEASURED } from '../../helpers/rollout/measurements.ts';
import { grave, options, steps, walk } from './walks.ts';

test('with nothing but time every rollout comes to an end', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const life = walk(how, path);
      let expiries = 0;
      while (life.expire()) {
        expiries += 1;
        expect(expiries).toBeLessThanOrEqual(4);
      }
      expect(isTerminal(life.state)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('it does so too with ticks that measured nothing, and with failures that come again and again', () => {
  const short = { pending: 60_000, loading: 60_000, probing: 60_000, stage: 200_000, baking: 200_000, paused: 300_000 };
  fc.assert(
    fc.property(options, steps, grave, (how, path, failure) => {
      const life = walk({ ...how, deadlinesMs: { ...short, draining: 60_000, rolling_back: 60_000 } }, path);
      for (let ticks = 0; ticks < 400 && !isTerminal(life.state); ticks += 1) {
        life.now += 5000;
        life.send({ type: 'tick', measured: NOTHING_MEASURED });
        life.send({ type: 'deadline' });
        life.send(failure);
      }
      expect(isTerminal(life.state)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('a deadline that has not come changes nothing', () => {
  fc.assert(
    fc.property(options, steps, (how, path) => {
      const life = walk(how, path);
      const next = nextDeadline(life.state, life.config);
      fc.pre(next !== undefined && next.at > life.state.at);
      life.now = Math.min(life.now, (next?.at ?? 0) - 1);
      expect(life.send({ type: 'deadline' }).taken).toBe(false);
    }),
    { numRuns: 500 },
  );
});

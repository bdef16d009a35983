import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { History } from './history.ts';
import { step } from './steps.ts';

test('whatever happens: each request gets what it is owed, nobody serves unasked, and nothing is left at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const history = new History();
      for (const next of steps) await history.take(next);
      await history.end();
      for (const outcome of history.outcomes) {
        if (outcome !== 'succeeded') expect(outcome).toBeInstanceOf(AppError);
        if (outcome instanceof AppError) expect(outcome.code).not.toBe('internal');
      }
    }),
    { numRuns: 1000 },
  );
});

test('while a request is out, an unload does not stop its runner before the drain limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.boolean(), async (requests, reload) => {
      const history = new History();
      const { serving } = history;
      await serving.load('a', '1');
      const runner = serving.engine.latest;
      const answers = Array.from({ length: requests }, () => serving.infer('a', '1', { body: 'ask' }));
      const ending = reload ? serving.load('a', '1', { forceReload: true }) : serving.unload('a', '1');
      for (const run of [...runner.open]) {
        await serving.clock.advance(100);
        expect(runner.disposed).toBe(false);
        runner.answer(run, '{}');
      }
      await Promise.all([...answers, ending]);
      await serving.clock.advance(0);
      expect(runner.disposed).toBe(true);
    }),
    { numRuns: 30 },
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Dispatch } from '../../../src/serving/running/dispatch.ts';

interface Worker {
  runner: object | undefined;
  outstanding: number;
  served: number;
}

const crew = (size: number): Worker[] =>
  Array.from({ length: size }, () => ({ runner: {}, outstanding: 0, served: 0 }));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), which: fc.nat(15) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(15) }) },
  fc.record({ kind: fc.constant('toggle' as const), which: fc.nat(15) }),
);

test('whoever is chosen is there, and nobody who is there has less to do', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(step, { maxLength: 100 }), (size, steps) => {
      const workers = crew(size);
      const dispatch = new Dispatch(workers);
      for (const { kind, which } of steps) {
        const worker = workers[which % size];
        if (worker === undefined) continue;
        if (kind === 'finish') worker.outstanding = Math.max(0, worker.outstanding - 1);
        if (kind === 'toggle') worker.runner = worker.runner === undefined ? {} : undefined;
        if (kind !== 'send') continue;
        const there = workers.filter(({ runner }) => runner !== undefined);
        const chosen = dispatch.choose();
        if (there.length === 0) expect(chosen).toBeUndefined();
        else expect(chosen?.outstanding).toBe(Math.min(...there.map(({ outstanding }) => outstanding)));
        if (chosen === undefined) continue;
        expect(chosen.runner).toBeDefined();
        chosen.outstanding += 1;
      }
    }),
  );
});

test('those that have as much to do are chosen evenly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.nat(200), (size, requests) => {
      const workers = crew(size);
      const dispatch = new Dispatch(workers);
      for (let sent = 0; sent < requests; sent += 1) {
        const chosen = dispatch.choose();
        if (chosen !== undefined) chosen.served += 1;
      }
      const served = workers.map((worker) => worker.served);
      expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(1);
      expect(served.reduce((sum, each) => sum + each, 0)).toBe(requests);
    }),
  );
});

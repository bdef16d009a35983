import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatefulRunner, step } from '../../helpers/runner/stateful-runner.ts';

const EVENT = fc.record({
  /** Undefined: a request of no sequence. */
  sequence: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined, freq: 6 }),
  x: fc.integer({ min: 0, max: 999 }),
  start: fc.boolean(),
  end: fc.constantFrom(false, false, false, true),
  priority: fc.constantFrom(1, 100, 200),
  /** After the one before it. */
  gapMs: fc.constantFrom(0, 0, 0, 0.5, 1, 7),
  isCancelled: fc.constantFrom(false, false, false, false, true),
});
const SCENARIO = fc.record({
  maxBatchSize: fc.integer({ min: 1, max: 5 }),
  runMs: fc.constantFrom(0.5, 2, 10),
  /** Inputs that are multiples of it are refused by the model. */
  refusedMultiple: fc.constantFrom(2, 7, 1000),
  events: fc.array(EVENT, { maxLength: 40 }),
});

/** One loop per sequence: what each request gives when they are run in their order, one at a time. */
class Loops {
  readonly #states = new Map<string, number>();

  run(sequence: string | undefined, x: number, position: { start: boolean; end: boolean }, isRefused: boolean) {
    const known = sequence === undefined ? undefined : this.#states.get(sequence);
    if (sequence !== undefined && position.start === (known !== undefined)) return 'invalid_request';
    if (isRefused) return 'model_rejected_input';
    const y = step(known ?? 0, x);
    if (sequence === undefined) return y;
    if (position.end) this.#states.delete(sequence);
    else this.#states.set(sequence, y);
    return y;
  }

  get open(): number {
    return this.#states.size;
  }
}

test('whatever is interleaved, refused, cancelled or wrong, each request gives what a loop per sequence gives', () =>
  fc.assert(
    fc.asyncProperty(SCENARIO, async ({ maxBatchSize, runMs, refusedMultiple, events }) => {
      const runner = new StatefulRunner({ maxBatchSize });
      const refuses = (x: number) => x % refusedMultiple === refusedMultiple - 1;
      Object.assign(runner, { runMs, refuses });
      const sent: number[] = [];
      for (const { gapMs, isCancelled, sequence, ...event } of events) {
        if (gapMs > 0) await runner.clock.advance(gapMs);
        sent.push(
          runner.send({
            ...event,
            ...(sequence === undefined ? { x: event.x, start: false, end: false } : { sequence }),
          }),
        );
        if (isCancelled) runner.scheduler.cancel(sent.at(-1) ?? 0);
      }
      await runner.clock.advance(10_000);

      const loops = new Loops();
      const expected = events.map(({ sequence, x, start, end }, index) => {
        if (runner.end(sent[index] ?? 0).outcome === 'request_cancelled') return 'request_cancelled';
        return loops.run(sequence, x, { start, end }, refuses(x));
      });
      const got = sent.map((id) => {
        const { outcome, y } = runner.end(id);
        return outcome === 'answered' ? y[0] : outcome;
      });
      expect(got).toEqual(expected);
      expect(runner.counts.at(-1) ?? 0).toBe(loops.open);
      for (const run of runner.runs) expect(run.length).toBeLessThanOrEqual(maxBatchSize);
    }),
    { numRuns: 100 },
  ));

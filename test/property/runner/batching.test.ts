import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SimulatedRun, SimulatedRunner } from '../../helpers/runner/simulated-runner.ts';

/** Of what clocks in floating point add up to. */
const EPSILON_MS = 1e-6;
const OPTIONS = fc.record({
  maxBatchSize: fc.integer({ min: 1, max: 8 }),
  maxQueueDelayUs: fc.constantFrom(0, 300, 2500, 40_000),
  preferred: fc.uniqueArray(fc.integer({ min: 2, max: 8 }), { maxLength: 3 }),
});
const REQUEST = fc.record({
  /** After the request before it. */
  gapMs: fc.constantFrom(0, 0, 0, 0.2, 1, 4, 30),
  rows: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 2 }),
  priority: fc.constantFrom(1, 100, 200),
  deadlineInMs: fc.constantFrom(3, 12, 40, 60_000),
});
const SCENARIO = fc.record({
  options: OPTIONS,
  requests: fc.array(REQUEST, { minLength: 1, maxLength: 25 }),
  runMs: fc.record({ start: fc.constantFrom(0.1, 2, 10), row: fc.constantFrom(0, 0.5, 5) }),
});
type Scenario = typeof SCENARIO extends fc.Arbitrary<infer T> ? T : never;

interface Sent {
  readonly arrivedAtMs: number;
  readonly values: readonly number[];
  readonly width: number;
  readonly priority: number;
}

/** Everything that was sent, and what the runner did with it, once all of it has ended. */
async function play({ options, requests, runMs }: Scenario) {
  const { maxBatchSize, maxQueueDelayUs, preferred } = options;
  const preferredBatchSizes = preferred.filter((rows) => rows <= maxBatchSize);
  const runner = new SimulatedRunner({ maxBatchSize, maxQueueDelayUs, preferredBatchSizes });
  runner.runMs = (rows) => runMs.start + runMs.row * rows;
  const sent: Sent[] = [];
  let value = 1;
  for (const { gapMs, rows, ...rest } of requests) {
    if (gapMs > 0) await runner.clock.advance(gapMs);
    const values = Array.from({ length: rows }, () => value++);
    runner.send(sent.length, { ...rest, values });
    sent.push({ arrivedAtMs: runner.clock.monotonicMs(), values, width: rest.width, priority: rest.priority });
  }
  await runner.clock.advance(60_000);
  /** The run that a request was in. */
  const runOf = ({ values }: Sent) => runner.runs.find((run) => run.values.includes(values[0] ?? 0));
  return { runner, sent, runOf };
}

const holds = (check: (played: Awaited<ReturnType<typeof play>>, scenario: Scenario) => void) =>
  fc.assert(
    fc.asyncProperty(SCENARIO, async (scenario) => check(await play(scenario), scenario)),
    { numRuns: 60 },
  );

test('every request ends once: with its own rows, as alone, or because its time was over', () =>
  holds(({ runner, sent }) => {
    for (const [id, { values, width }] of sent.entries()) {
      const { outcome, data } = runner.ends.get(id) ?? {};
      if (outcome === 'answered') expect(data).toEqual(values.flatMap((value) => Array(width).fill(value + 1)));
      else expect(outcome).toBe('deadline_exceeded');
    }
  }));

test('a run has the rows of its requests and no others, each once, and no more than may share one', () =>
  holds(({ runner, sent, runOf }, { options }) => {
    const run = runner.runs.flatMap(({ values }) => values);
    expect(new Set(run).size).toBe(run.length);
    const answered = sent.filter((_, id) => runner.outcome(id) === 'answered');
    expect(run.toSorted((a, b) => a - b)).toEqual(answered.flatMap(({ values }) => values));
    for (const { values } of runner.runs) {
      const isOne = answered.some(
        (request) => request.values.length === values.length && request.values[0] === values[0],
      );
      if (!isOne) expect(values.length).toBeLessThanOrEqual(options.maxBatchSize);
    }
    expect(answered.filter((request) => runOf(request) === undefined)).toEqual([]);
  }));

test('no request waits for longer than the delay while the runner is free', () =>
  holds(({ runner, sent, runOf }, { options }) => {
    for (const request of sent) {
      const run = runOf(request);
      if (run === undefined) continue;
      const freeMs = run.beganAtMs - request.arrivedAtMs - busyMs(runner.runs, request.arrivedAtMs, run.beganAtMs);
      expect(freeMs).toBeLessThanOrEqual(options.maxQueueDelayUs / 1000 + EPSILON_MS);
    }
  }));

function busyMs(runs: readonly SimulatedRun[], fromMs: number, untilMs: number): number {
  const within = runs.map((run) => Math.min(run.endedAtMs, untilMs) - Math.max(run.beganAtMs, fromMs));
  return within.reduce((sum, ms) => sum + Math.max(0, ms), 0);
}

test('no run begins without the most urgent of what waits, or one that is as urgent', () =>
  holds(({ runner, sent, runOf }) => {
    for (const run of runner.runs) {
      const inRun = sent.filter((request) => runOf(request) === run);
      const waiting = sent.filter((request, id) => {
        const endMs = runOf(request)?.beganAtMs ?? runner.ends.get(id)?.atMs ?? 0;
        return request.arrivedAtMs < run.beganAtMs && endMs > run.beganAtMs;
      });
      const mostUrgent = Math.min(...inRun.map(({ priority }) => priority));
      expect(waiting.filter(({ priority }) => priority < mostUrgent)).toEqual([]);
    }
  }));

import { describe, expect, test } from 'vitest';
import { SimulatedRunner } from '../../helpers/runner/simulated-runner.ts';
import { exponential, logNormal, seededRandom } from '../../helpers/simulation/random.ts';

const SIMULATED_MS = 4000;

interface Model {
  /** Of the median run, in milliseconds. */
  readonly runMs: (rows: number) => number;
  readonly maxBatchSize: number;
  readonly deadlineMs: number;
  /** Of each body. */
  readonly decodeMs?: number;
}

interface Tally {
  readonly sent: number;
  /** Answered by their deadlines, and how many were run all the same. */
  readonly inTime: number;
  readonly late: number;
}

/** An open loop: requests come at random, at so many times what the model can do, whatever becomes of them. */
async function load({ runMs, maxBatchSize, deadlineMs, decodeMs = 0 }: Model, timesCapacity: number): Promise<Tally> {
  const random = seededRandom(7);
  const runner = new SimulatedRunner({ maxBatchSize });
  runner.runMs = (rows) => runMs(rows) * logNormal(random, 0.1);
  runner.decodeMs = decodeMs;
  const rates = Array.from({ length: maxBatchSize }, (_, index) => 1 / (decodeMs + runMs(index + 1) / (index + 1)));
  const best = Math.max(...rates);
  const deadlines = new Map<number, number>();
  const endMs = runner.clock.monotonicMs() + SIMULATED_MS;
  let atMs = runner.clock.monotonicMs();
  const arrive = (): void => {
    const now = runner.clock.monotonicMs();
    if (atMs >= endMs) return;
    const id = deadlines.size;
    deadlines.set(id, atMs + deadlineMs);
    runner.send(id, { values: [id], deadlineInMs: atMs + deadlineMs - now, bytes: decodeMs === 0 ? 0 : 200_000 });
    // Whatever the process is held up by meanwhile.
    atMs += exponential(random, 1 / (best * timesCapacity));
    runner.clock.after(Math.max(0, atMs - now), arrive);
  };
  arrive();
  await runner.clock.advance(SIMULATED_MS + 2 * deadlineMs);
  let inTime = 0;
  let late = 0;
  for (const [id, deadline] of deadlines) {
    const end = runner.ends.get(id);
    if (end?.outcome !== 'answered') continue;
    if (end.atMs <= deadline) inTime += 1;
    else late += 1;
  }
  return { sent: deadlines.size, inTime, late };
}

const MODELS: readonly [string, Model][] = [
  ['that is faster by the row in batches', { runMs: (rows) => 4 + rows / 4, maxBatchSize: 32, deadlineMs: 60 }],
  ['that gains nothing by batches', { runMs: (rows) => 5 * rows, maxBatchSize: 4, deadlineMs: 60 }],
  [
    'whose full batch takes longer than the deadline',
    { runMs: (rows) => 10 * rows, maxBatchSize: 32, deadlineMs: 100 },
  ],
  [
    'whose bodies take longer to decode than it runs',
    { runMs: () => 4, maxBatchSize: 1, deadlineMs: 120, decodeMs: 8 },
  ],
  ['that shares no runs', { runMs: () => 5, maxBatchSize: 1, deadlineMs: 40 }],
];

describe.each(MODELS)('of a model %s', (_what, model) => {
  test('as much is answered in time at twice what it can do as at what it can do', async () => {
    const [atCapacity, atTwice] = [await load(model, 1), await load(model, 2)];
    expect(atTwice.inTime).toBeGreaterThanOrEqual(0.9 * atCapacity.inTime);
  });

  test('hardly anything is run in vain', async () => {
    const { inTime, late } = await load(model, 2);
    expect(late).toBeLessThanOrEqual(0.05 * inTime);
  });

  test('everything is answered in time at half of what it can do', async () => {
    const { sent, inTime } = await load(model, 0.5);
    expect(inTime).toBeGreaterThanOrEqual(0.99 * sent);
  });
});

import { describe, expect, test } from 'vitest';
import { SimulatedRunner } from '../../helpers/runner/simulated-runner.ts';

/** The rows of each run, and how long after the beginning it began. */
function runsOf(runner: SimulatedRunner, fromMs: number): readonly (readonly [number, number])[] {
  return runner.runs.map(({ values, beganAtMs }) => [values.length, Math.round((beganAtMs - fromMs) * 1000) / 1000]);
}

function sendMany(runner: SimulatedRunner, count: number, firstId = 0): void {
  for (let id = firstId; id < firstId + count; id += 1) runner.send(id, { values: [id] });
}

describe('with a delay', () => {
  const options = { maxBatchSize: 8, maxQueueDelayUs: 2500 };

  test('what waits goes when the delay of the first is over, whatever came meanwhile', async () => {
    const runner = new SimulatedRunner(options);
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 1);
    await runner.clock.advance(2);
    sendMany(runner, 2, 1);
    await runner.clock.advance(10);
    expect(runsOf(runner, fromMs)).toEqual([[3, 2.5]]);
  });

  test('a full batch goes at once, and what is left of it waits', async () => {
    const runner = new SimulatedRunner(options);
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 9);
    await runner.clock.advance(10);
    expect(runsOf(runner, fromMs)).toEqual([
      [8, 0],
      [1, 2.5],
    ]);
  });

  test('a request that completes a batch sends it off', async () => {
    const runner = new SimulatedRunner({ ...options, maxBatchSize: 2 });
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 1);
    await runner.clock.advance(1.25);
    sendMany(runner, 1, 1);
    await runner.clock.advance(10);
    expect(runsOf(runner, fromMs)).toEqual([[2, 1.25]]);
  });

  test('what queued for as long while the model was busy goes as soon as it is free', async () => {
    const runner = new SimulatedRunner(options);
    runner.runMs = () => 5;
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 8);
    await runner.clock.advance(1);
    sendMany(runner, 2, 8);
    await runner.clock.advance(20);
    expect(runsOf(runner, fromMs)).toEqual([
      [8, 0],
      [2, 5],
    ]);
  });

  test('nothing waits while something else could be run', async () => {
    const runner = new SimulatedRunner(options);
    const fromMs = runner.clock.monotonicMs();
    runner.send(0, { values: [1] });
    runner.send(1, { values: [2], width: 2 });
    await runner.clock.advance(20);
    expect(runsOf(runner, fromMs)).toEqual([
      [1, 0],
      [1, 2.5],
    ]);
  });

  test('nothing waits that shares no run', async () => {
    const runner = new SimulatedRunner({ ...options, maxBatchSize: 1 });
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 1);
    await runner.clock.advance(20);
    expect(runsOf(runner, fromMs)).toEqual([[1, 0]]);
  });

  test('one that is cancelled while it waits is never run', async () => {
    const runner = new SimulatedRunner(options);
    sendMany(runner, 1);
    await runner.clock.advance(1);
    runner.scheduler.cancel(0);
    await runner.clock.advance(20);
    expect([runner.outcome(0), runner.runs]).toEqual(['request_cancelled', []]);
  });
});

describe('a request waits for others no longer than its deadline leaves time for its run', () => {
  const options = { maxBatchSize: 8, maxQueueDelayUs: 1_000_000 };

  test('as it was seen to take', async () => {
    const runner = new SimulatedRunner(options);
    runner.runMs = () => 10;
    for (const id of [1, 2, 3]) {
      sendMany(runner, 8, 8 * id);
      await runner.clock.advance(20);
    }
    const fromMs = runner.clock.monotonicMs();
    runner.send(1, { values: [1], deadlineInMs: 50 });
    await runner.clock.advance(100);
    expect(runner.outcome(1)).toBe('answered');
    const [, , , last] = runner.runs;
    // Of runs of 8 alone nobody knows what one row takes: an eighth is all that is left out for it.
    expect((last?.beganAtMs ?? 0) - fromMs).toBeCloseTo(50 - 10 / 8);
  });

  test('and half of its time while that is not known', async () => {
    const runner = new SimulatedRunner(options);
    const fromMs = runner.clock.monotonicMs();
    runner.send(1, { values: [1], deadlineInMs: 50 });
    await runner.clock.advance(100);
    expect(runsOf(runner, fromMs)).toEqual([[1, 25]]);
    expect(runner.outcome(1)).toBe('answered');
  });
});

describe('with preferred sizes', () => {
  const options = { maxBatchSize: 8, preferredBatchSizes: [6, 2, 4] };

  test('the largest of them that can be formed goes at once', async () => {
    const runner = new SimulatedRunner({ ...options, maxQueueDelayUs: 5000 });
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 5);
    await runner.clock.advance(0.5);
    expect(runsOf(runner, fromMs)).toEqual([[4, 0]]);
    await runner.clock.advance(10);
    expect(runsOf(runner, fromMs)).toEqual([
      [4, 0],
      [1, 5],
    ]);
  });

  test('and what makes none goes at once too where there is no delay', async () => {
    const runner = new SimulatedRunner(options);
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 5);
    await runner.clock.advance(10);
    expect(runsOf(runner, fromMs)).toEqual([
      [4, 0],
      [1, 1],
    ]);
  });

  test('what would pass the largest of them goes without what is too much', async () => {
    const runner = new SimulatedRunner({ maxBatchSize: 8, preferredBatchSizes: [4], maxQueueDelayUs: 5000 });
    const fromMs = runner.clock.monotonicMs();
    runner.send(0, { values: [1, 2, 3] });
    runner.send(1, { values: [4, 5, 6] });
    await runner.clock.advance(20);
    expect(runsOf(runner, fromMs)).toEqual([
      [3, 0],
      [3, 5],
    ]);
  });

  test('after the delay all that wait go, as many as may share a run', async () => {
    const runner = new SimulatedRunner({ ...options, maxQueueDelayUs: 5000 });
    runner.runMs = () => 10;
    const fromMs = runner.clock.monotonicMs();
    sendMany(runner, 6);
    await runner.clock.advance(1);
    sendMany(runner, 7, 6);
    await runner.clock.advance(30);
    expect(runsOf(runner, fromMs)).toEqual([
      [6, 0],
      [7, 10],
    ]);
  });
});

describe("what a body asks for holds in the runner's queue", () => {
  const alone = { maxBatchSize: 1 };

  test('the more urgent first, and what a header says before what the body says', async () => {
    const runner = new SimulatedRunner(alone);
    sendMany(runner, 1);
    await runner.clock.advance(0.5);
    runner.send(1, { values: [1], parameters: { priority: 7 } });
    runner.send(2, { values: [2], parameters: { priority: 3 } });
    runner.send(3, { values: [3], parameters: { priority: 1 }, priority: 9 });
    await runner.clock.advance(10);
    expect(runner.runs.map(({ values: [value] }) => value)).toEqual([0, 2, 1, 3]);
  });

  test('a timeout in microseconds, where it is the shorter one', async () => {
    const runner = new SimulatedRunner(alone);
    runner.runMs = () => 20;
    sendMany(runner, 1);
    await runner.clock.advance(0.5);
    runner.send(1, { values: [1], parameters: { timeout: 10_000 } });
    runner.send(2, { values: [2], parameters: { timeout: 10_000_000 }, deadlineInMs: 10 });
    runner.send(3, { values: [3], parameters: { timeout: 10_000_000 } });
    await runner.clock.advance(100);
    const outcomes = [1, 2, 3].map((id) => runner.outcome(id));
    expect(outcomes).toEqual(['deadline_exceeded', 'deadline_exceeded', 'answered']);
  });
});

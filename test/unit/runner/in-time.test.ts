import { describe, expect, test } from 'vitest';
import { SimulatedRunner } from '../../helpers/runner/simulated-runner.ts';

/** A runner on which runs of 1 and of 4 were seen, three of each, and which is free. */
async function experienced(runMs: (rows: number) => number, maxBatchSize = 4): Promise<SimulatedRunner> {
  const runner = new SimulatedRunner({ maxBatchSize });
  runner.runMs = runMs;
  let id = -1;
  for (const rows of [1, 4, 1, 4, 1, 4]) {
    runner.send(id, { values: Array.from({ length: rows }, () => 0) });
    id -= 1;
    await runner.clock.advance(runMs(4));
  }
  runner.runs.length = 0;
  return runner;
}

const runsOf = (runner: SimulatedRunner) => runner.runs.map(({ values }) => values.join());
/** 5 ms for one row, 8 ms for four. */
const AFFINE = (rows: number) => 4 + rows;

describe('what can not be answered in time', () => {
  test('is dropped before it is run, and at once', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], deadlineInMs: 4 });
    runner.send(2, { values: [2], deadlineInMs: 40 });
    await runner.clock.advance(0);
    expect(runner.outcome(1)).toBe('deadline_exceeded');
    await runner.clock.advance(20);
    expect([runner.outcome(2), runsOf(runner)]).toEqual(['answered', ['2']]);
  });

  test('is run while nothing is known of how long that takes', async () => {
    const runner = new SimulatedRunner();
    runner.runMs = () => 10;
    for (const id of [1, 2, 3]) {
      runner.send(id, { values: [id], deadlineInMs: 4 });
      await runner.clock.advance(20);
    }
    expect(runsOf(runner)).toEqual(['1', '2', '3']);
    runner.send(4, { values: [4], deadlineInMs: 4 });
    await runner.clock.advance(20);
    expect([runner.outcome(4), runner.runs.length]).toEqual(['deadline_exceeded', 3]);
  });

  test('is tried again when the last run is long ago: it may have become faster', async () => {
    const runner = await experienced(AFFINE);
    await runner.clock.advance(1001);
    runner.runMs = () => 1;
    runner.send(1, { values: [1], deadlineInMs: 4 });
    await runner.clock.advance(20);
    expect(runner.outcome(1)).toBe('answered');
  });

  test('is told apart by shape: of others nothing is known', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], width: 2, deadlineInMs: 4 });
    await runner.clock.advance(20);
    expect(runsOf(runner)).toEqual(['1']);
  });

  test('is tried where nothing else waits and the fastest run would do, since more than the size may count', async () => {
    const runner = await experienced(AFFINE);
    for (const [id, ms] of [20, 20, 20, 3].entries()) {
      runner.runMs = () => ms;
      runner.send(id, { values: [id] });
      await runner.clock.advance(20);
    }
    runner.runs.length = 0;
    runner.send(10, { values: [10], deadlineInMs: 4 });
    await runner.clock.advance(20);
    expect(runner.outcome(10)).toBe('answered');
    runner.send(11, { values: [11], deadlineInMs: 4 });
    runner.send(12, { values: [12], deadlineInMs: 2 });
    runner.send(13, { values: [13], deadlineInMs: 100 });
    await runner.clock.advance(40);
    expect(runsOf(runner)).toEqual(['10', '13']);
  });

  test('is what would only just be done by its deadline, unless nothing else waits: an answer has a way to go', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], deadlineInMs: 5.4 });
    runner.send(2, { values: [2], deadlineInMs: 100 });
    await runner.clock.advance(20);
    expect([runner.outcome(1), runsOf(runner)]).toEqual(['deadline_exceeded', ['2']]);
    runner.send(3, { values: [3], deadlineInMs: 5.4 });
    await runner.clock.advance(20);
    expect(runner.outcome(3)).toBe('answered');
  });

  test('is not told by one run that was slow', async () => {
    const runner = await experienced(AFFINE);
    runner.runMs = () => 900;
    runner.send(1, { values: [1] });
    await runner.clock.advance(900);
    runner.runMs = AFFINE;
    runner.send(2, { values: [2], deadlineInMs: 8 });
    await runner.clock.advance(20);
    expect(runner.outcome(2)).toBe('answered');
  });
});

describe('a batch is as large as time allows', () => {
  test('one that is short of time goes first in a smaller one, where the others can wait', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], deadlineInMs: 7 });
    for (const id of [2, 3, 4]) runner.send(id, { values: [id], deadlineInMs: 100 });
    await runner.clock.advance(50);
    expect(runsOf(runner)).toEqual(['1,2', '3,4']);
  });

  test('and is passed over where that would make more of them late', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], deadlineInMs: 7 });
    for (const id of [2, 3, 4, 5]) runner.send(id, { values: [id], deadlineInMs: 9 });
    await runner.clock.advance(50);
    expect(runsOf(runner)).toEqual(['2,3,4,5']);
    expect(runner.outcome(1)).toBe('deadline_exceeded');
  });

  test('but not for those that are less urgent', async () => {
    const runner = await experienced(AFFINE);
    runner.send(1, { values: [1], deadlineInMs: 7, priority: 1 });
    for (const id of [2, 3, 4, 5]) runner.send(id, { values: [id], deadlineInMs: 9, priority: 2 });
    await runner.clock.advance(50);
    expect(runner.outcome(1)).toBe('answered');
    expect(runsOf(runner)[0]).toBe('1,2');
  });

  test('all are late for a full batch, and half of them are answered in a half', async () => {
    const runner = await experienced((rows) => 5 * rows);
    for (const id of [1, 2, 3, 4]) runner.send(id, { values: [id], deadlineInMs: 12 });
    await runner.clock.advance(50);
    expect([1, 2, 3, 4].filter((id) => runner.outcome(id) === 'answered')).toEqual([1, 2]);
    expect(runsOf(runner)).toEqual(['1,2']);
  });
});

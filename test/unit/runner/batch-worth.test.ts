import { describe, expect, test } from 'vitest';
import { BatchWorth } from '../../../src/adapters/onnx/runner/batch-worth.ts';
import { SimulatedRunner } from '../../helpers/runner/simulated-runner.ts';

/** Lets eight wait at a time, for `rounds` runs; a run of n rows takes what `msOf` says. */
function experienced(msOf: (rows: number) => number, rounds: number) {
  const worth = new BatchWorth();
  const shares: boolean[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const rows = Math.min(8, worth.mostToShare('x'));
    shares.push(rows > 1);
    worth.note('x', rows, msOf(rows));
  }
  return { worth, shares };
}

const sharedOf = (shares: readonly boolean[]) => shares.filter(Boolean).length;

describe('requests', () => {
  test('share runs where a row is cheaper in a longer run', () => {
    const { shares } = experienced((rows) => 1 + 0.1 * rows, 1000);
    expect(sharedOf(shares)).toBeGreaterThan(960);
  });

  test('run one by one where eight rows take as long as eight runs, once that is known', () => {
    const { shares } = experienced((rows) => 10 * rows, 1000);
    expect(sharedOf(shares.slice(0, 10))).toBeGreaterThan(8);
    expect(sharedOf(shares.slice(100))).toBeLessThan(20);
  });

  test('share runs again when that has become worth while', () => {
    const { worth } = experienced((rows) => 10 * rows, 300);
    let sharedLast = 0;
    for (let round = 0; round < 1000; round += 1) {
      const rows = Math.min(8, worth.mostToShare('x'));
      worth.note('x', rows, 10 + rows);
      if (round >= 600 && rows === 8) sharedLast += 1;
    }
    expect(sharedLast).toBeGreaterThan(380);
  });

  test('of one kind tell nothing of another', () => {
    const { worth } = experienced((rows) => 10 * rows, 300);
    expect(worth.mostToShare('y')).toBe(Number.POSITIVE_INFINITY);
  });
});

test('long requests tell nothing of short ones: those share runs as before', async () => {
  const runner = new SimulatedRunner({ maxBatchSize: 32, maxQueueDelayUs: 0 });
  runner.runMs = (rows) => 5 + 0.1 * rows;
  let id = 0;
  const send = (rows: number, count: number) => {
    for (let i = 0; i < count; i += 1) {
      id += 1;
      runner.send(id, { values: Array.from({ length: rows }, () => id) });
    }
  };
  for (let round = 0; round < 60; round += 1) {
    send(32, 1);
    send(1, 31);
    await runner.clock.advance(20);
  }
  const short = runner.runs.slice(-60).filter(({ values }) => new Set(values).size > 1);
  expect(short.filter(({ values }) => values.length === 31).length).toBeGreaterThan(25);
});

test('requests of a model for which batches gain nothing run one by one, in their order, and all are answered', async () => {
  const runner = new SimulatedRunner({ maxBatchSize: 8, maxQueueDelayUs: 0 });
  runner.runMs = (rows) => 10 * rows;
  const ids = Array.from({ length: 800 }, (_, id) => id);
  for (const id of ids) runner.send(id, { values: [id], deadlineInMs: 1e6 });
  await runner.clock.advance(8200);
  expect(runner.runs.reduce((sum, { values }) => sum + values.length, 0)).toBe(800);
  expect(runner.runs.flatMap(({ values }) => values)).toEqual(ids);
  const late = runner.runs.slice(-200);
  expect(late.filter(({ values }) => values.length === 1).length).toBeGreaterThan(190);
});

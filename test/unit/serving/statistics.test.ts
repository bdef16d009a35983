import { expect, test } from 'vitest';
import type { RunReply } from '../../../src/serving/ports/engine.ts';
import { LatencyHistogram } from '../../../src/serving/running/histogram.ts';
import { VersionStatistics } from '../../../src/serving/running/statistics.ts';

function reply(batchSize: number): RunReply {
  const timings = { decodeMs: 0.1, queueMs: 2, computeMs: 4, encodeMs: 0.2 };
  return { body: new Uint8Array(), headerLength: undefined, contentEncoding: undefined, timings, batchSize };
}

function answer(statistics: VersionStatistics, batchSize: number, times: number): void {
  for (let i = 0; i < times; i += 1) {
    statistics.begin(1);
    statistics.succeed(7, reply(batchSize));
  }
}

test('answers that shared a run are one execution', () => {
  const statistics = new VersionStatistics();
  answer(statistics, 1, 2);
  answer(statistics, 3, 6);
  answer(statistics, 100, 100);
  expect(statistics.snapshot()).toMatchObject({ succeeded: 108, executions: 5, batchSizes: { 1: 2, 3: 2, 100: 1 } });
});

test('what is in flight, failed and when the last request came is told', () => {
  const statistics = new VersionStatistics();
  statistics.begin(10);
  statistics.begin(20);
  statistics.fail('queue_full');
  expect(statistics.snapshot()).toMatchObject({
    inFlight: 1,
    failed: { queue_full: 1 },
    lastRequestAt: 20,
    succeeded: 0,
  });
});

test('each stage has its own latency', () => {
  const statistics = new VersionStatistics();
  answer(statistics, 1, 4);
  const { latency } = statistics.snapshot();
  expect(latency.total).toMatchObject({ count: 4, sumMs: 28, p50Ms: 7, p99Ms: 7 });
  expect(latency.compute.sumMs).toBe(16);
  expect(latency.queue.p50Ms).toBe(2);
});

test('buckets are cumulative and end with infinity', () => {
  const histogram = new LatencyHistogram();
  for (const ms of [0.01, 1, 1.001, 3, 70_000]) histogram.record(ms);
  const { buckets } = histogram.summary();
  const at = (leMs: number) => buckets.find((bucket) => bucket.leMs === leMs)?.count;
  expect([at(0.0625), at(1), at(2), at(4), at(65_536), at(Number.POSITIVE_INFINITY)]).toEqual([1, 2, 3, 4, 4, 5]);
});

test('an empty histogram tells zeros', () => {
  expect(new LatencyHistogram().summary()).toMatchObject({ count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 });
});

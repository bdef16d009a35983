import { expect, test } from 'vitest';
import type { LogEntry } from '../../../../src/core/rollout/log-entry.ts';
import { EventLog } from '../../../../src/serving/rollouts/driving/event-log.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';

const entry = (sequence: number): LogEntry => ({ sequence, at: 0, type: 'resumed', facts: {} });
const last = (sequence: number): LogEntry => ({
  ...entry(sequence),
  type: 'entered',
  phase: 'completed',
  stage: 7,
  reason: 'drained',
  gate: null,
});

function follow(log: EventLog, after: number, signal = new AbortController().signal) {
  const seen: number[] = [];
  const done = (async () => {
    for await (const { sequence } of log.after(after, signal)) seen.push(sequence);
  })();
  return { seen, done };
}

test('a follower gets what is there, then each as it comes, up to the last one', async () => {
  const log = new EventLog([entry(1), entry(2)]);
  const { seen, done } = follow(log, 0);
  await settle();
  expect(seen).toEqual([1, 2]);
  log.append(entry(3));
  log.append(last(4));
  await done;
  expect(seen).toEqual([1, 2, 3, 4]);
});

test('one that comes again goes on after what it has', async () => {
  const log = new EventLog([entry(1), entry(2), last(3)]);
  const { seen, done } = follow(log, 2);
  await done;
  expect(seen).toEqual([3]);
});

test('one that gives up, and the end of the server, end it', async () => {
  const log = new EventLog([entry(1)]);
  const giving = new AbortController();
  const first = follow(log, 0, giving.signal);
  const second = follow(log, 0);
  await settle();
  giving.abort();
  await first.done;
  log.close();
  await second.done;
  expect([first.seen, second.seen]).toEqual([[1], [1]]);
});

test('whoever waits for the end is told', async () => {
  const log = new EventLog([entry(1)]);
  let isOver = false;
  void log.ended().then(() => {
    isOver = true;
  });
  log.append(entry(2));
  await settle();
  expect(isOver).toBe(false);
  log.append(last(3));
  await settle();
  expect([isOver, log.isOver]).toEqual([true, true]);
});

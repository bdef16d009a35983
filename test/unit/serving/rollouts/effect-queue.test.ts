import { expect, test } from 'vitest';
import type { Effect } from '../../../../src/core/rollout/effects.ts';
import type { LogEntry } from '../../../../src/core/rollout/log-entry.ts';
import { EffectQueue } from '../../../../src/serving/rollouts/driving/effect-queue.ts';
import { FakeClock, settle } from '../../../helpers/serving/fake-clock.ts';
import { silentLogger } from '../../../helpers/serving/serving.ts';

const entry = (sequence: number): LogEntry => ({ sequence, at: 0, type: 'resumed', facts: {} });
const record = (sequence: number): Effect => ({ type: 'record', entry: entry(sequence) });
const weight = (sequence: number, newPercent: number): Effect => ({
  type: 'set_weight',
  newPercent,
  when: 'now',
  sequence,
});

function room() {
  const clock = new FakeClock();
  const done: string[] = [];
  let disk = Promise.withResolvers<void>();
  const failures: Error[] = [];
  const queue = new EffectQueue({
    clock,
    logger: silentLogger,
    label: 'm',
    record: async ({ sequence }) => {
      await disk.promise;
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      done.push(`recorded ${sequence}`);
    },
    setWeight: ({ newPercent }) => done.push(`weight ${newPercent}`),
    perform: ({ type }) => done.push(type),
    onRecorded: ({ sequence }) => done.push(`told ${sequence}`),
  });
  const write = async () => {
    disk.resolve();
    await settle();
    disk = Promise.withResolvers();
  };
  return { clock, queue, done, failures, write };
}

test('a weight before its record is set before `push` returns; what comes after the record waits for the disk', async () => {
  const { queue, done, write } = room();
  queue.push([weight(1, 0), record(1), { type: 'unload_new' }]);
  expect(done).toEqual(['weight 0']);
  await settle();
  expect(done).toEqual(['weight 0']);
  await write();
  expect(done).toEqual(['weight 0', 'recorded 1', 'told 1', 'unload_new']);
});

test('a weight before its record overtakes everything that waits for the disk', () => {
  const { queue, done } = room();
  queue.push([record(1), weight(1, 15)]);
  queue.push([record(2), weight(3, 0), record(3)]);
  expect(done).toEqual(['weight 0']);
});

test('what can not be recorded is tried again, and nothing after it happens before', async () => {
  const { queue, done, failures, write, clock } = room();
  failures.push(new Error('disk full'));
  queue.push([record(1), { type: 'load' }]);
  await write();
  expect(done).toEqual([]);
  await clock.advance(1000);
  await write();
  expect(done).toEqual(['recorded 1', 'told 1', 'load']);
});

test('nothing is begun after the end', async () => {
  const { queue, done, write } = room();
  queue.push([record(1), { type: 'load' }]);
  const closed = queue.close();
  queue.push([record(2)]);
  await write();
  await closed;
  expect(done).not.toContain('load');
  expect(done).not.toContain('recorded 2');
});

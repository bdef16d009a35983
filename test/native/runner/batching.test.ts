import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runner, RunReply } from '../../../src/serving/ports/engine.ts';
import { identity, slow } from '../../helpers/onnx/models.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeAll(() => {
  room = new EngineRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

const floats = (value: number) => ({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [value] }] });
const integers = (value: number) => ({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [value] }] });
/** Resolves once the runner has read everything that it was sent before. */
const hasRead = (runner: Runner) =>
  expect(room.run(runner, Buffer.from('no JSON'))).rejects.toMatchObject({ code: 'invalid_request' });
const answers = (replies: readonly RunReply[]) => replies.map((reply) => outputsOf(reply)['y']?.data);
const sizes = (replies: readonly RunReply[]) => replies.map(({ batchSize }) => batchSize);

describe('with a delay, an idle runner', () => {
  test('waits until a batch of a preferred size can be formed, and sends it off', async () => {
    const runner = await room.start(identity('FP32', [-1, 1]), {
      maxQueueDelayUs: 1_000_000,
      preferredBatchSizes: [3],
    });
    const requests: Promise<RunReply>[] = [];
    for (const value of [1, 2, 3]) {
      requests.push(room.run(runner, floats(value)));
      await hasRead(runner);
    }
    const replies = await Promise.all(requests);
    expect([sizes(replies), answers(replies)]).toEqual([
      [3, 3, 3],
      [[1], [2], [3]],
    ]);
  });

  test('waits no longer than the delay for what never comes', async () => {
    const runner = await room.start(identity('FP32', [-1, 1]), { maxQueueDelayUs: 20_500 });
    const reply = await room.run(runner, floats(1));
    expect(reply.batchSize).toBe(1);
    expect(reply.timings.queueMs + reply.timings.decodeMs).toBeGreaterThanOrEqual(20.5);
  });
});

test('a request is withdrawn and never run, as long as the runner has not begun with it', async () => {
  const runner = await room.start(slow(), { maxBatchSize: 1 });
  using payload = room.payload(JSON.stringify(integers(300)));
  using later = room.payload(JSON.stringify(integers(1)));
  const hasBegun = Promise.withResolvers<void>();
  const [begun, waits] = [room.request(payload, { onBegan: hasBegun.resolve }), room.request(later)];
  const first = runner.run(begun);
  await hasBegun.promise;
  const second = runner.run(waits);
  expect([runner.withdraw(begun), runner.withdraw(waits)]).toEqual([false, true]);
  await expect(second).rejects.toMatchObject({ code: 'request_cancelled' });
  expect((await first).batchSize).toBe(1);
  expect(runner.withdraw(begun)).toBe(false);
});

import { readFileSync } from 'node:fs';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/adapters/clock.ts';
import { bytesOf } from '../../../src/core/tensor/binary.ts';
import { syntheticTensor } from '../../../src/core/tensor/synthetic.ts';
import type { Runner } from '../../../src/serving/ports/engine.ts';
import { bytesIdentity, failsOnNegative, identity, SERVABLE_DATATYPES, slow } from '../../helpers/onnx/models.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeAll(() => {
  room = new EngineRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

const floats = (...values: number[]) => ({
  inputs: [{ name: 'x', shape: [1, values.length], datatype: 'FP32', data: values }],
});
const integers = (...values: number[]) => ({
  inputs: [{ name: 'x', shape: [values.length], datatype: 'INT64', data: values }],
});

const OCCUPY = integers(150);
/** Keeps the runner busy long enough for others to queue up behind it: first in line, and in no batch. */
const occupy = (runner: Runner) => room.run(runner, OCCUPY, { alone: true, priority: 0 });
/** An idle runner sleeps. */
const isRunning = (runner: Runner) =>
  vi.waitFor(() => expect(readFileSync(`/proc/${runner.pid}/status`, 'utf8')).toMatch(/State:\s+R/));

describe('a runner', () => {
  test('answers in JSON, with the times of each step', async () => {
    const runner = await room.start(identity('FP32', [-1, 3]));
    const reply = await room.run(runner, { id: 'seven', ...floats(1, 2.5, -3) });
    expect(JSON.parse(Buffer.from(reply.body).toString())).toMatchObject({
      model_name: 'test/model',
      model_version: '1',
      id: 'seven',
    });
    expect(outputsOf(reply)['y']).toMatchObject({ shape: [1, 3], datatype: 'FP32', data: [1, 2.5, -3] });
    expect(reply.batchSize).toBe(1);
    for (const value of Object.values(reply.timings)) expect(value).toBeGreaterThanOrEqual(0);
    expect(runner.startMs).toBeGreaterThan(0);
  });

  test('takes and gives megabytes in binary, part by part', async () => {
    const runner = await room.start(identity('FP32', [-1, -1]));
    const elements = 1_500_000;
    const tensor = Float32Array.from({ length: elements }, (_, i) => i % 1000);
    const header = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'x', shape: [1, elements], datatype: 'FP32', parameters: { binary_data_size: elements * 4 } }],
        parameters: { binary_data_output: true },
      }),
    );
    const body = Buffer.concat([header, Buffer.from(tensor.buffer)]);
    const reply = await room.run(runner, body, { headerLength: header.length });
    const got = Buffer.from(reply.body.subarray(reply.headerLength));
    expect(got.equals(Buffer.from(tensor.buffer))).toBe(true);
    expect(room.arena.usedBytes).toBe(0);
  });

  test.each(['gzip', 'deflate'] as const)('reads and writes %s', async (encoding) => {
    const runner = await room.start(identity('FP32', [-1, -1]));
    const json = JSON.stringify(floats(...Array.from({ length: 1000 }, (_, i) => i)));
    const body = encoding === 'gzip' ? gzipSync(json) : deflateSync(json);
    const reply = await room.run(runner, body, { contentEncoding: encoding, acceptEncoding: encoding });
    expect(reply.contentEncoding).toBe(encoding);
    const plain = encoding === 'gzip' ? gunzipSync(reply.body) : inflateSync(reply.body);
    expect(JSON.parse(plain.toString()).outputs[0].data.at(-1)).toBe(999);
  });

  test('says what is wrong with a body, and goes on', async () => {
    const runner = await room.start(identity('FP32', [-1, 3]));
    await expect(room.run(runner, Buffer.from('{not json'))).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(room.run(runner, floats(1, 2))).rejects.toMatchObject({
      code: 'invalid_tensor',
      message: expect.stringContaining('"x"'),
    });
    await expect(room.run(runner, Buffer.from('no gzip'), { contentEncoding: 'gzip' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const bomb = gzipSync(Buffer.alloc((64 << 20) + 1));
    await expect(room.run(runner, bomb, { contentEncoding: 'gzip' })).rejects.toMatchObject({ code: 'body_too_large' });
    expect(outputsOf(await room.run(runner, floats(1, 2, 3)))['y']?.data).toEqual([1, 2, 3]);
  });

  test.each(SERVABLE_DATATYPES.filter((datatype) => datatype !== 'BYTES'))('serves %s in binary', async (datatype) => {
    const runner = await room.start(identity(datatype, [-1, 2]));
    const tensor = syntheticTensor({ name: 'x', datatype, shape: [-1, 2] }, 3, 7);
    const bytes = bytesOf(tensor);
    const header = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'x', shape: tensor.shape, datatype, parameters: { binary_data_size: bytes.length } }],
        parameters: { binary_data_output: true },
      }),
    );
    const replies = await Promise.all(
      [1, 2].map(() => room.run(runner, Buffer.concat([header, bytes]), { headerLength: header.length })),
    );
    for (const reply of replies) expect(Buffer.from(reply.body.subarray(reply.headerLength)).equals(bytes)).toBe(true);
    expect(replies.map((reply) => reply.batchSize)).toEqual([2, 2]);
  });

  test('serves strings', async () => {
    const runner = await room.start(bytesIdentity());
    const data = ['häl', '', '日本'];
    const reply = await room.run(runner, { inputs: [{ name: 'x', shape: [3], datatype: 'BYTES', data }] });
    expect(outputsOf(reply)['y']?.data).toEqual(data);
  });
});

describe('what waits while a runner is busy', () => {
  test('becomes one batch, and each request gets its own rows', async () => {
    const runner = await room.start(slow());
    const busy = occupy(runner);
    const replies = await Promise.all([1, 2, 3, 0].map((value) => room.run(runner, integers(value, value))));
    expect(replies.map((reply) => outputsOf(reply)['y']?.data)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [0, 0],
    ]);
    expect(replies.map((reply) => reply.batchSize)).toEqual([4, 4, 4, 4]);
    expect((await busy).batchSize).toBe(1);
  });

  test('is not batched when that is switched off, or when it must run alone', async () => {
    const single = await room.start(slow(), { maxBatchSize: 1 });
    const replies = await Promise.all([OCCUPY, integers(1), integers(2)].map((body) => room.run(single, body)));
    expect(replies.map((reply) => reply.batchSize)).toEqual([1, 1, 1]);
    const shared = await room.start(slow());
    const busy = occupy(shared);
    const [alone, other] = await Promise.all([
      room.run(shared, integers(1), { alone: true }),
      room.run(shared, integers(2)),
    ]);
    expect([alone.batchSize, other.batchSize]).toEqual([1, 1]);
    await busy;
  });

  test('fails only where it is at fault when its batch fails', async () => {
    const runner = await room.start(failsOnNegative());
    const replies = await Promise.allSettled([5, -1, 7].map((value) => room.run(runner, integers(value))));
    expect(replies.map((reply) => reply.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(replies[1]).toMatchObject({
      reason: { code: 'model_rejected_input', message: expect.stringContaining('Gather') },
    });
    expect(replies[2]?.status === 'fulfilled' && outputsOf(replies[2].value)['y']?.data).toEqual([7]);
  });

  test('runs the most urgent first, by header or by body', async () => {
    const runner = await room.start(slow(), { maxBatchSize: 1 });
    const busy = occupy(runner);
    const order: string[] = [];
    const send = async (name: string, body: unknown, priority?: number) => {
      await room.run(runner, body, { priority });
      order.push(name);
    };
    await Promise.all([
      busy,
      send('plain', integers(1)),
      send('late', { ...integers(1), parameters: { priority: 500 } }),
      send('body', { ...integers(1), parameters: { priority: 2 } }),
      send('header', integers(1), 1),
    ]);
    expect(order).toEqual(['header', 'body', 'plain', 'late']);
  });

  test('is dropped unrun once its deadline has passed, by header or by body', async () => {
    const runner = await room.start(slow());
    const busy = room.run(runner, integers(2000), { alone: true });
    await isRunning(runner);
    // The runner reads them when the run is over: their time counts from when they were sent.
    const byBody = { ...integers(1), parameters: { timeout: 1000 } };
    const outcomes = await Promise.allSettled([
      room.run(runner, integers(1), { deadlineInMs: 1 }),
      room.run(runner, byBody),
      room.run(runner, integers(1)),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    for (const outcome of outcomes.slice(0, 2))
      expect(outcome).toMatchObject({ reason: { code: 'deadline_exceeded' } });
    await busy;
  });

  test('has waited since it arrived at the server, also where it was tried before', async () => {
    const runner = await room.start(slow());
    const arrivedAtMs = systemClock.monotonicMs() - 10_000;
    const limited = (timeout: number) => ({ ...integers(1), parameters: { timeout } });
    await expect(room.run(runner, limited(9_000_000), { arrivedAtMs })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    const { timings } = await room.run(runner, limited(60_000_000), { arrivedAtMs });
    expect(timings.queueMs + timings.decodeMs).toBeGreaterThanOrEqual(10_000);
  });

  test('is not run once it is cancelled, and its body is given back', async () => {
    const runner = await room.start(slow());
    const busy = occupy(runner);
    const padded = Buffer.from(JSON.stringify(integers(1)).padEnd(50_000));
    const controller = new AbortController();
    const cancelled = room.run(runner, padded, { signal: controller.signal });
    const other = room.run(runner, integers(1));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'request_cancelled' });
    expect((await other).batchSize).toBe(1);
    await busy;
    // One more round trip: by now the runner has said that it is done with the cancelled one.
    await room.run(runner, integers(1));
    expect(room.arena.usedBytes).toBe(0);
  });
});

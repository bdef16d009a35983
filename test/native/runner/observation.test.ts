import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf } from '../../../src/core/tensor/binary.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import type { Runner } from '../../../src/serving/ports/engine.ts';
import { failsOnNegative, identity, slow } from '../../helpers/onnx/models.ts';
import { crashesOnMinusOne } from '../../helpers/onnx/poison.ts';
import { EngineRoom, type RunFields } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeAll(() => {
  room = new EngineRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

const integers = (value: number) => ({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [value] }] });

/** Sends a row of floats in binary, which alone can say NaN, and asks for the same. */
function runFloats(runner: Runner, datatype: 'FP16' | 'FP32' | 'FP64', values: number[], fields: RunFields = {}) {
  const arrays = { FP16: Float16Array, FP32: Float32Array, FP64: Float64Array };
  const tensor: Tensor = { name: 'x', datatype, shape: [1, values.length], data: arrays[datatype].from(values) };
  const bytes = bytesOf(tensor);
  const input = { name: 'x', shape: tensor.shape, datatype, parameters: { binary_data_size: bytes.length } };
  const header = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const observed = { observe: true, headerLength: header.length, ...fields };
  return room.run(runner, Buffer.concat([header, bytes]), observed);
}

describe('what is observed of an answer', () => {
  test.each(['FP16', 'FP32', 'FP64'] as const)('of %s: whether all of it is finite', async (datatype) => {
    const runner = await room.start(identity(datatype, [-1, 3]));
    const rows = [
      [1, -2, 0.5],
      [1, Number.NaN, 3],
      [1, 2, Number.NEGATIVE_INFINITY],
    ];
    const replies = await Promise.all(rows.map((row) => runFloats(runner, datatype, row)));
    // They shared a run, and still each is told of its own row only.
    expect(replies.map(({ batchSize }) => batchSize)).toEqual([3, 3, 3]);
    expect(replies.map(({ observed }) => observed?.isFinite)).toEqual([true, false, false]);
  });

  test('is told of long answers too, which come in parts', async () => {
    const runner = await room.start(identity('FP32', [-1, -1]));
    const values = Array.from({ length: 600_000 }, (_, index) => index % 100);
    expect((await runFloats(runner, 'FP32', values)).observed?.isFinite).toBe(true);
    const { body, observed } = await runFloats(runner, 'FP32', [...values, Number.NaN]);
    expect(body.length).toBeGreaterThan(2_400_000);
    expect(observed?.isFinite).toBe(false);
  });

  test('is the processor time of the run', async () => {
    const runner = await room.start(slow());
    const cheap = await room.run(runner, integers(1), { observe: true });
    const dear = await room.run(runner, integers(300), { observe: true });
    expect(cheap.observed?.cpuMs).toBeGreaterThan(0);
    expect(dear.observed?.cpuMs).toBeGreaterThan(10 * (cheap.observed?.cpuMs ?? Number.POSITIVE_INFINITY));
  });

  test('is told only where it was asked for, also within a batch', async () => {
    const runner = await room.start(identity('FP32', [-1, 1]));
    const [asked, unasked] = await Promise.all([
      runFloats(runner, 'FP32', [Number.NaN]),
      runFloats(runner, 'FP32', [Number.NaN], { observe: false }),
    ]);
    expect([asked.batchSize, unasked.batchSize]).toEqual([2, 2]);
    expect(asked.observed).toEqual({ isFinite: false, cpuMs: expect.any(Number) });
    expect(unasked).not.toHaveProperty('observed');
  });
});

describe('that a request begins is told', () => {
  test('when its run begins, not while it waits', async () => {
    const runner = await room.start(slow());
    const order: string[] = [];
    const send = async (name: string, value: number) => {
      await room.run(runner, integers(value), { alone: true, onBegan: () => order.push(`${name} began`) });
      order.push(`${name} answered`);
    };
    await Promise.all([send('first', 100), send('second', 1)]);
    expect(order).toEqual(['first began', 'first answered', 'second began', 'second answered']);
  });

  test('not when a large body is only decoded', async () => {
    const runner = await room.start(crashesOnMinusOne());
    const [onBegan, onFatal] = [vi.fn(), vi.fn()];
    const large = Buffer.from(JSON.stringify(integers(2)).padEnd(300_000));
    const outcomes = await Promise.allSettled([
      room.run(runner, large, { priority: 500, onBegan }),
      room.run(runner, integers(-1), { alone: true, onBegan: onFatal }),
    ]);
    expect(outcomes).toMatchObject([{ reason: { began: false } }, { reason: { began: true } }]);
    expect(onFatal).toHaveBeenCalledOnce();
    expect(onBegan).not.toHaveBeenCalled();
  });

  test('once, though it is run again by itself because its batch has failed', async () => {
    const runner = await room.start(failsOnNegative());
    const onBegan = vi.fn();
    const outcomes = await Promise.allSettled([5, -1].map((value) => room.run(runner, integers(value), { onBegan })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(onBegan).toHaveBeenCalledTimes(2);
  });
});

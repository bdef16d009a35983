import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/adapters/clock.ts';
import type { InferMessage, StartMessage } from '../../../src/adapters/onnx/runner/messages.ts';
import { Scheduler } from '../../../src/adapters/onnx/runner/scheduler.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { ModelSignature } from '../../../src/core/model/signature.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { MESSAGE, START } from '../../helpers/runner/messages.ts';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
};

/** The values of x, one per request of the batch. */
type Batch = readonly number[];

/** Bytes of a body whose decoding is announced. */
const LARGE = 300_000;

const valuesOf = ([x]: readonly Tensor[]): Batch => Array.from(x?.data ?? [], Number);
const output = (values: Batch): Tensor[] => [
  { name: 'y', datatype: 'FP32', shape: [values.length, 1], data: Float32Array.from(values) },
];

/** A scheduler on a model that copies its input, and everything that it does, in order. */
class Room {
  readonly log: string[] = [];
  readonly warnings: string[] = [];
  readonly finished = new Map<number, string>();
  /** What a run does besides; may throw. */
  onRun: (batch: Batch) => unknown = () => {};
  answers: (batch: Batch) => Tensor[] = output;
  /** When an announcement has left. */
  leaves: () => Promise<void> | undefined = () => undefined;
  /** When answers that were not sent yet leave room for more. */
  hasRoom: () => Promise<void> | undefined = () => undefined;
  readonly scheduler: Scheduler;

  constructor(start: Partial<StartMessage> = {}) {
    this.scheduler = new Scheduler({
      start: { ...START, ...start },
      batchable: true,
      session: {
        signature: SIGNATURE,
        run: async (inputs) => {
          const batch = valuesOf(inputs);
          this.log.push(`run ${batch.join()}`);
          await this.onRun(batch);
          return this.answers(batch);
        },
      },
      outbox: {
        answer: (id) => this.finished.set(id, 'answered'),
        below: () => this.hasRoom(),
        fail: (id, error) => this.finished.set(id, error instanceof AppError ? error.code : String(error)),
      },
      readBody: (message) => {
        const [value = 0] = message.at instanceof Uint8Array ? message.at : [message.at];
        this.log.push(`decode ${value}`);
        return Buffer.from(request(value).padEnd(message.bytes));
      },
      announce: ({ ids, isRun }, isToTell) => {
        this.log.push(`${isRun ? 'began' : 'opened'} ${ids.join()}${isToTell ? ', told' : ''}`);
        return this.leaves();
      },
      clock: systemClock,
      warn: (text) => this.warnings.push(text),
      onSequences: (open) => {
        throw new Error(`${open} sequences of a model without states`);
      },
    });
  }

  /** A request with its id for its one element; the body is padded to `bytes`. */
  send(id: number, more: Partial<InferMessage> = {}): void {
    const arrivedAtMs = systemClock.monotonicMs();
    this.scheduler.accept(id, {
      arrivedAtMs,
      deadlineMs: arrivedAtMs + 60_000,
      ...MESSAGE,
      bytes: 0,
      at: id,
      ...more,
    });
  }

  async ended(...ids: number[]): Promise<Record<string, string | undefined>> {
    await vi.waitUntil(() => ids.every((id) => this.finished.has(id)));
    return Object.fromEntries(ids.map((id) => [id, this.finished.get(id)]));
  }
}

const request = (value: number) =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [value] }] });

describe('what the runner works on is announced', () => {
  test('before a large body is decoded, and before a run', async () => {
    const room = new Room();
    room.send(1, { bytes: LARGE });
    await room.ended(1);
    expect(room.log).toEqual(['opened 1', 'decode 1', 'began 1', 'run 1']);
  });

  test('before no body that costs next to nothing', async () => {
    const room = new Room();
    room.send(1, { bytes: 9000 });
    await room.ended(1);
    expect(room.log).toEqual(['decode 1', 'began 1', 'run 1']);
  });

  test('before a body is decompressed, however short it is', async () => {
    const room = new Room();
    room.send(1, { contentEncoding: 'gzip' });
    expect(await room.ended(1)).toEqual({ 1: 'invalid_request' });
    expect(room.log).toEqual(['opened 1', 'decode 1']);
  });

  test('by the run that follows, so that what was only decoded is not blamed for it', async () => {
    const room = new Room();
    room.send(1, { bytes: LARGE, priority: 200, alone: true });
    room.send(2, { alone: true });
    await room.ended(1, 2);
    expect(room.log).toEqual(['opened 1', 'decode 1', 'decode 2', 'began 2', 'run 2', 'began 1', 'run 1']);
  });

  test('and nothing is done before the announcement has left the process', async () => {
    const room = new Room();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const left = [...gates];
    room.leaves = () => left.shift()?.promise;
    room.send(1, { bytes: LARGE });
    await vi.waitUntil(() => room.log.length > 0);
    await new Promise(setImmediate);
    expect(room.log).toEqual(['opened 1']);
    gates[0]?.resolve();
    await vi.waitUntil(() => room.log.length > 2);
    await new Promise(setImmediate);
    expect(room.log).toEqual(['opened 1', 'decode 1', 'began 1']);
    gates[1]?.resolve();
    await room.ended(1);
  });

  test('one thing at a time: what arrives while a run begins is decoded after it', async () => {
    const room = new Room();
    room.onRun = async ([value]) => {
      if (value !== 1) return;
      room.send(2, { bytes: LARGE });
      await new Promise(setImmediate);
    };
    room.send(1);
    await room.ended(1, 2);
    expect(room.log).toEqual(['decode 1', 'began 1', 'run 1', 'opened 2', 'decode 2', 'began 2', 'run 2']);
  });
});

describe('decoded bodies are bounded', () => {
  test('what would pass the bound stays as it came until a run has made room', async () => {
    const room = new Room({ maxBodyBytes: 20_000 });
    for (const id of [1, 2, 3, 4]) room.send(id, { bytes: 15_000, alone: true });
    await room.ended(1, 2, 3, 4);
    const steps = room.log.filter((entry) => !/^(began|opened)/.test(entry));
    expect(steps).toEqual(['decode 1', 'decode 2', 'run 1', 'decode 3', 'run 2', 'decode 4', 'run 3', 'run 4']);
  });

  test('what waits undecoded can be cancelled, and is dropped at its deadline', async () => {
    const room = new Room({ maxBodyBytes: 10_000 });
    const soonMs = systemClock.monotonicMs() + 300;
    room.onRun = async () => {
      room.scheduler.cancel(2);
      await vi.waitUntil(() => systemClock.monotonicMs() > soonMs);
    };
    room.send(1, { bytes: 10_000 });
    room.send(2, { bytes: 10_000 });
    room.send(3, { bytes: 10_000, deadlineMs: soonMs });
    expect(await room.ended(1, 2, 3)).toEqual({ 1: 'answered', 2: 'request_cancelled', 3: 'deadline_exceeded' });
    expect(room.log.filter((entry) => entry.startsWith('decode'))).toEqual(['decode 1']);
  });
});

test('nothing is decoded or run while too much of the answers is unsent', async () => {
  const room = new Room();
  const { promise, resolve } = Promise.withResolvers<void>();
  room.hasRoom = vi.fn(() => (room.finished.size === 1 ? promise : undefined));
  room.send(1);
  await room.ended(1);
  room.send(2);
  await vi.waitUntil(() => vi.mocked(room.hasRoom).mock.calls.length > 1);
  await new Promise(setImmediate);
  expect(room.log).toEqual(['decode 1', 'began 1', 'run 1']);
  resolve();
  expect(await room.ended(2)).toEqual({ 2: 'answered' });
});

describe('after a batch has failed', () => {
  const refuseBatches = (batch: Batch) => {
    if (batch.length > 1) throw new AppError('model_rejected_input', 'no batches');
  };

  test('its requests run one by one, and those that are more urgent by now go first', async () => {
    const room = new Room();
    room.onRun = (batch) => {
      if (batch.length > 1) setImmediate(() => room.send(9, { priority: 1 }));
      refuseBatches(batch);
    };
    for (const id of [1, 2]) room.send(id);
    await room.ended(1, 2, 9);
    expect(room.log.filter((entry) => entry.startsWith('run'))).toEqual(['run 1,2', 'run 9', 'run 1', 'run 2']);
  });

  test('what was cancelled or has no time left is not run again', async () => {
    const room = new Room();
    const soonMs = systemClock.monotonicMs() + 300;
    room.onRun = async (batch) => {
      if (batch.length > 1) await vi.waitUntil(() => systemClock.monotonicMs() > soonMs);
      // Reaches the scheduler as a frame does: when the event loop turns.
      setImmediate(() => room.scheduler.cancel(3));
      refuseBatches(batch);
    };
    room.send(1);
    room.send(2, { deadlineMs: soonMs });
    room.send(3);
    const outcomes = { 1: 'answered', 2: 'deadline_exceeded', 3: 'request_cancelled' };
    expect(await room.ended(1, 2, 3)).toEqual(outcomes);
    expect(room.log.filter((entry) => entry.startsWith('run'))).toEqual(['run 1,2,3', 'run 1']);
  });

  test('because the model does not keep its rows apart, no more are tried, which is told once', async () => {
    const room = new Room();
    room.answers = (batch) => (batch.length > 1 ? output([0]) : output(batch));
    for (const id of [1, 2, 3]) room.send(id);
    await room.ended(1, 2, 3);
    for (const id of [4, 5]) room.send(id);
    await room.ended(4, 5);
    expect(room.log.filter((entry) => entry.startsWith('run'))).toEqual([
      'run 1,2,3',
      ...[1, 2, 3, 4, 5].map((id) => `run ${id}`),
    ]);
    expect(room.warnings).toEqual([expect.stringMatching(/^requests no longer share runs: .*batch of 3 rows/)]);
  });
});

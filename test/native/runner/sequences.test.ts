import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { COUNTER_STATE, counter, LSTM_INPUTS, LSTM_STATE, LSTM_UNITS, lstm } from '../../helpers/onnx/lstm.ts';
import { seededFloats } from '../../helpers/onnx/seeded.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeAll(() => {
  room = new EngineRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

const SEQUENCES = 1000;
/** Requests of each sequence; more of them take no other path. */
const LENGTH = 4;

/** The input of a sequence's request: one to three steps. */
function inputOf(sequence: number, position: number): Tensor {
  const steps = 1 + ((sequence + position) % 3);
  const values = seededFloats(steps * LSTM_INPUTS, 1 + sequence * LENGTH + position, 1);
  return new Tensor('float32', Float32Array.from(values), [1, steps, LSTM_INPUTS]);
}

/** What one loop in the runtime gives for a sequence, request by request. */
async function loop(session: InferenceSession, sequence: number): Promise<number[][]> {
  const zeros = () => new Tensor('float32', new Float32Array(LSTM_UNITS), [1, LSTM_UNITS]);
  let state: Record<string, Tensor> = { h: zeros(), c: zeros() };
  const answers: number[][] = [];
  for (let position = 0; position < LENGTH; position += 1) {
    const outputs = await session.run({ x: inputOf(sequence, position), ...state });
    // The model is written above, with outputs of these names.
    state = { h: outputs['h_out'] as Tensor, c: outputs['c_out'] as Tensor };
    answers.push(Array.from(outputs['y']?.data as Float32Array));
  }
  return answers;
}

function requestOf(sequence: number, position: number) {
  const { data, dims } = inputOf(sequence, position);
  return {
    parameters: {
      sequence_id: sequence % 2 === 0 ? sequence + 1 : `s${sequence}`,
      sequence_start: position === 0,
      sequence_end: position === LENGTH - 1,
    },
    inputs: [{ name: 'x', shape: dims, datatype: 'FP32', data: Array.from(data as Float32Array) }],
  };
}

test('1000 interleaved sequences of an LSTM give to the bit what a loop in the runtime gives for each of them', async () => {
  const session = await InferenceSession.create(lstm(), { intraOpNumThreads: 1 });
  const expected: number[][][] = [];
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) expected.push(await loop(session, sequence));

  const runner = await room.start(lstm(), { state: LSTM_STATE, maxSequences: SEQUENCES });
  expect(runner.signature.inputs.map(({ name }) => name)).toEqual(['x']);
  expect(runner.signature.outputs.map(({ name }) => name)).toEqual(['y']);
  expect(runner.rowsDepend).toBeUndefined();
  const batchSizes = new Set<number>();
  const play = async (sequence: number) => {
    const sent: Promise<number[]>[] = [];
    for (let position = 0; position < LENGTH; position += 1) {
      const answer = room.run(runner, requestOf(sequence, position)).then((reply) => {
        batchSizes.add(reply.batchSize);
        return outputsOf(reply)['y']?.data.map(Number) ?? [];
      });
      sent.push(answer);
      // Some send their next request before they have the answer.
      if (sequence % 3 !== 0) await answer;
    }
    return Promise.all(sent);
  };
  const got = await Promise.all(Array.from({ length: SEQUENCES }, (_, sequence) => play(sequence)));

  // As 32-bit floats: JSON has the shortest decimal of each, which is another 64-bit one.
  const bits = (answers: readonly (readonly number[])[][]) =>
    answers.map((each) => each.map((data) => Float32Array.from(data)));
  expect(bits(got)).toEqual(bits(expected));
  expect(Math.max(...batchSizes)).toBeGreaterThan(1);
  await vi.waitFor(() => expect(runner.openSequences).toBe(0));
});

const add = (x: number, parameters: Record<string, unknown> = {}) => ({
  parameters,
  inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [x] }],
});

test('a runner tells how many sequences are open, and forgets those that go on elsewhere', async () => {
  const runner = await room.start(counter(), { state: COUNTER_STATE });
  const ask = async (x: number, parameters: Record<string, unknown>) =>
    outputsOf(await room.run(runner, add(x, parameters)))['y']?.data;
  expect(await ask(1, { sequence_id: 'a', sequence_start: true })).toEqual([1]);
  expect(await ask(5, { sequence_id: 7, sequence_start: true })).toEqual([5]);
  await vi.waitFor(() => expect(runner.openSequences).toBe(2));
  expect(await ask(2, { sequence_id: 'a' })).toEqual([3]);
  runner.forget('a');
  await expect(ask(3, { sequence_id: 'a' })).rejects.toMatchObject({ code: 'sequence_lost' });
  expect(await ask(6, { sequence_id: 7 })).toEqual([11]);
  runner.forget(undefined);
  await expect(ask(6, { sequence_id: 7 })).rejects.toMatchObject({ code: 'sequence_lost' });
  await vi.waitFor(() => expect(runner.openSequences).toBe(0));
});

test('a sequence is forgotten when it was idle for too long, which is told without a request', async () => {
  const runner = await room.start(counter(), { state: COUNTER_STATE, sequenceIdleMs: 50 });
  await room.run(runner, add(1, { sequence_id: 'a', sequence_start: true }));
  await vi.waitFor(() => expect(runner.openSequences).toBe(0));
  await expect(room.run(runner, add(1, { sequence_id: 'a' }))).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('without a request for 50 ms'),
  });
});

test('a request that is to be no part of its sequence leaves it alone', async () => {
  const runner = await room.start(counter(), { state: COUNTER_STATE });
  await room.run(runner, add(1, { sequence_id: 'a', sequence_start: true }));
  const detached = await room.run(runner, add(9, { sequence_id: 'a', sequence_end: true }), { detached: true });
  expect(outputsOf(detached)['y']?.data).toEqual([9]);
  expect(outputsOf(await room.run(runner, add(2, { sequence_id: 'a' })))['y']?.data).toEqual([3]);
});

test('a model without states takes no notice of sequences', async () => {
  const runner = await room.start(counter());
  const inputs = ['x', 'h'].map((name) => ({ name, shape: [1, 1], datatype: 'FP32', data: [4] }));
  const reply = await room.run(runner, { parameters: { sequence_id: 'a', sequence_end: true }, inputs });
  expect(outputsOf(reply)['h_out']?.data).toEqual([8]);
  expect(runner.openSequences).toBe(0);
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GraphSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { isBatchable } from '../../../src/core/model/signature.ts';
import type { Runner } from '../../../src/serving/ports/engine.ts';
import { addOne, bytesIdentity, slow, zipmapClassifier } from '../../helpers/onnx/models.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

let room: EngineRoom;

beforeEach(() => {
  room = new EngineRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

const value = (name: string, shape: readonly (number | string)[]) => ({ name, datatype: 'FP32' as const, shape });
const model = (graph: GraphSpec) => modelProto({ graph });

/** Scores of every image for every text, as contrastive models give them. */
const scores = model({
  nodes: [
    { op: 'Transpose', inputs: ['text'], outputs: ['t'] },
    { op: 'MatMul', inputs: ['image', 't'], outputs: ['logits'] },
    { op: 'Softmax', inputs: ['logits'], outputs: ['scores'], attributes: { axis: { int: 1 } } },
  ],
  inputs: [value('text', ['text_batch', 2]), value('image', ['image_batch', 2])],
  outputs: [value('scores', ['image_batch', 'text_batch'])],
});

/** Similarities within one request, its axes without names. */
const similarities = model({
  nodes: [
    { op: 'Transpose', inputs: ['x'], outputs: ['t'] },
    { op: 'MatMul', inputs: ['x', 't'], outputs: ['y'] },
  ],
  inputs: [value('x', [-1, 2])],
  outputs: [value('y', [-1, -1])],
});

/** Shares of a whole, along the first axis: nothing in the shapes tells. */
const shares = model({
  nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: { int: 0 } } }],
  inputs: [value('x', ['batch', 2])],
  outputs: [value('y', ['batch', 2])],
});

const drawn = model({
  nodes: [{ op: 'RandomUniformLike', inputs: ['x'], outputs: ['y'] }],
  inputs: [value('x', ['batch', 2])],
  outputs: [value('y', ['batch', 2])],
});

async function askTogether(runner: Runner, bodies: readonly object[]) {
  const replies = await Promise.all(bodies.map((body) => room.run(runner, body)));
  return { batchSizes: replies.map((reply) => reply.batchSize), outputs: replies.map(outputsOf) };
}

const floats = (name: string, shape: number[], data: number[]) => ({ name, shape, datatype: 'FP32', data });

describe('requests whose rows depend on each other are never joined', () => {
  test('where the model scores the rows of one input against those of another', async () => {
    const runner = await room.start(scores);
    expect(isBatchable(runner.signature)).toBe(false);
    const body = (seed: number) => ({
      inputs: [floats('text', [1, 2], [seed, 1]), floats('image', [1, 2], [1, seed])],
    });
    const { outputs, batchSizes } = await askTogether(runner, [1, 2, 3, 4].map(body));
    for (const each of outputs) expect(each['scores']).toMatchObject({ shape: [1, 1], data: [1] });
    expect(batchSizes).toEqual([1, 1, 1, 1]);
  });

  test.each([
    ['where an axis grows with the run', similarities, 'shape'],
    ['where values of the run are shared out', shares, 'other values'],
  ])('%s', async (_, bytes, reason) => {
    const runner = await room.start(bytes);
    expect(isBatchable(runner.signature)).toBe(true);
    expect(runner.rowsDepend).toContain(reason);
    const body = (seed: number) => ({ inputs: [floats('x', [1, 2], [seed, seed + 1])] });
    const seeds = [1, 2, 3, 4, 5, 6];
    const alone = [];
    for (const seed of seeds) alone.push(outputsOf(await room.run(runner, body(seed))));
    const { outputs, batchSizes } = await askTogether(runner, seeds.map(body));
    expect(outputs).toEqual(alone);
    expect(new Set(batchSizes)).toEqual(new Set([1]));
  });
});

describe('requests may share a run', () => {
  test.each([
    ['of numbers', addOne()],
    ['of text', bytesIdentity()],
    ['of a classifier', zipmapClassifier()],
    ['of a loop', slow()],
    ['whose outputs are drawn', drawn],
  ])('%s', async (_, bytes) => {
    const runner = await room.start(bytes);
    expect(runner.rowsDepend).toBeUndefined();
    expect(isBatchable(runner.signature)).toBe(true);
  });
});

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { floatTensor } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import type { Runner } from '../../../src/serving/ports/engine.ts';
import { bigMlp, mlp, withExternalData } from '../../helpers/onnx/models.ts';
import { seededFloats } from '../../helpers/onnx/seeded.ts';
import { EngineRoom, outputsOf } from '../../helpers/runner/engine.ts';

const MB = 1e6;
const WEIGHT_BYTES = 60 * MB;
const SHARING = { shareWeights: true };

const rows = (count: number, width: number) => ({
  inputs: [
    {
      name: 'x',
      shape: [count, width],
      datatype: 'FP32',
      data: Array.from({ length: count * width }, (_, index) => Math.sin(index)),
    },
  ],
});

async function footprint(runner: Runner | undefined) {
  const measured = await runner?.footprint();
  if (measured === undefined) throw new Error('the runner has ended');
  return measured;
}

/** What the runners cost together. */
async function cost(runners: readonly Runner[]): Promise<number> {
  const footprints = await Promise.all(runners.map(footprint));
  return footprints.reduce((sum, { pssBytes }) => sum + pssBytes, 0);
}

test.each([1, 16])('a model with shared weights answers as it does without, at a batch of %i', async (batch) => {
  await using room = new EngineRoom();
  const model = mlp(256, 512, 64);
  const [own, sharing] = [await room.start(model), await room.start(model, SHARING)];
  const body = rows(batch, 256);
  const expected = outputsOf(await room.run(own, body))['y'];
  const given = outputsOf(await room.run(sharing, body))['y'];
  expect(given?.shape).toEqual([batch, 64]);
  // Sums are taken in another order.
  for (const [index, value] of (given?.data ?? []).entries()) {
    expect(value).toBeCloseTo(Number(expected?.data[index]), 4);
  }
});

test.skipIf(process.platform !== 'linux')('runners of one file have one copy of its weights between them', async () => {
  await using room = new EngineRoom();
  const path = join(room.dir, 'big.onnx');
  writeFileSync(path, bigMlp(WEIGHT_BYTES));
  // The first of all bears the runtime's code alone, and would make the next look cheap.
  const own = [await room.start(mlp()), await room.start(path)];
  const without = [await cost(own)];
  own.push(await room.start(path));
  without.push(await cost(own));

  const sharing = [await room.start(path, SHARING)];
  expect(await footprint(sharing[0])).toMatchObject({ sharedBytes: 0 });
  const withSharing = [await cost([...own, ...sharing])];
  sharing.push(await room.start(path, SHARING));
  withSharing.push(await cost([...own, ...sharing]));

  const more = ([one = 0, two = 0]: number[]) => two - one;
  expect(more(without)).toBeGreaterThan(WEIGHT_BYTES);
  expect(more(withSharing)).toBeLessThan(more(without) - 0.9 * WEIGHT_BYTES);
  for (const runner of sharing) {
    const { sharedBytes = 0 } = await footprint(runner);
    expect(sharedBytes / (WEIGHT_BYTES / 2)).toBeCloseTo(1, 1);
  }
  expect((await footprint(own[1])).sharedBytes).toBeUndefined();

  const { privateBytes } = await footprint(sharing[1]);
  await sharing[0]?.[Symbol.asyncDispose]();
  const alone = await footprint(sharing[1]);
  expect(alone.sharedBytes).toBe(0);
  // It bears the weights now, and has not grown.
  expect(alone.pssBytes - alone.privateBytes).toBeGreaterThan(WEIGHT_BYTES);
  expect(alone.privateBytes - privateBytes).toBeLessThan(0.1 * WEIGHT_BYTES);
});

/** Two convolutions, `x` FP32 [−1, 256, 4, 4] to `y` of that shape, 4.7 MB of weights. */
function convolutions(): Uint8Array {
  const shape = [256, 256, 3, 3];
  const attributes = { pads: { ints: [1, 1, 1, 1] } };
  return modelProto({
    graph: {
      nodes: [
        { op: 'Conv', inputs: ['x', 'w1'], outputs: ['h'], attributes },
        { op: 'Conv', inputs: ['h', 'w2'], outputs: ['y'], attributes },
      ],
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', 256, 4, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', 256, 4, 4] }],
      initializers: ['w1', 'w2'].map((name, index) => floatTensor(name, shape, seededFloats(589_824, index, 0.02))),
    },
  });
}

test.skipIf(process.platform !== 'linux')('the weights of convolutions are shared too', async () => {
  await using room = new EngineRoom();
  const model = convolutions();
  const runners = [await room.start(model, SHARING), await room.start(model, SHARING)];
  for (const runner of runners) {
    const { sharedBytes = 0 } = await footprint(runner);
    expect(sharedBytes / (2 * 589_824 * 2)).toBeCloseTo(1, 1);
  }
});

test.skipIf(process.platform !== 'linux')('weights that are in a file of their own are shared from there', async () => {
  await using room = new EngineRoom();
  const path = withExternalData(room.dir);
  const runners = [await room.start(path, SHARING), await room.start(path, SHARING)];
  for (const runner of runners) {
    expect(await footprint(runner)).toMatchObject({ sharedBytes: expect.any(Number) });
    expect((await footprint(runner)).sharedBytes).toBeGreaterThan(0);
    expect(outputsOf(await room.run(runner, rows(1, 4)))['y']?.shape).toEqual([1, 3]);
  }
  expect(readdirSync(join(room.dir, 'rewritten'))).toEqual([]);
});

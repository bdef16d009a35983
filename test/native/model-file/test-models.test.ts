import { spawnSync } from 'node:child_process';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, onTestFinished, test } from 'vitest';
import type { Datatype } from '../../../src/core/tensor/datatype.ts';
import {
  addOne,
  bigMlp,
  crashesOnNegative,
  failsOnNegative,
  identity,
  memoryHog,
  mlp,
  SERVABLE_DATATYPES,
  slow,
  twoInputsDifferentDims,
  withExternalData,
  zipmapClassifier,
} from '../../helpers/onnx/models.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

async function open(model: Uint8Array | string): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = { intraOpNumThreads: 1, logSeverityLevel: 3 };
  const session =
    typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  onTestFinished(() => session.release());
  return session;
}

async function run(session: InferenceSession, feeds: Record<string, Tensor>): Promise<Tensor> {
  const { y } = await session.run(feeds);
  if (!(y instanceof Tensor)) throw new Error('no tensor "y"');
  return y;
}

async function runOne(model: Uint8Array | string, feeds: Record<string, Tensor>): Promise<Tensor> {
  return run(await open(model), feeds);
}

/** The binding takes half floats as their bits only: with a Float16Array it says "not enough space". */
function halfFloats(values: readonly number[], dims: readonly number[]): Tensor {
  const bits = new Uint16Array(Float16Array.from(values).buffer);
  const tensor = new Tensor('float16', bits, dims);
  // The constructor has made a Float16Array of them again.
  Object.defineProperty(tensor, 'data', { value: bits });
  return tensor;
}

const int64 = (...values: number[]) => new Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);

test('addOne adds one to each element, for any batch', async () => {
  const y = await runOne(addOne(), { x: new Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]) });
  expect(y.dims).toEqual([2, 3]);
  expect([...y.data]).toEqual([2, 3, 4, 5, 6, 7]);
});

const samples: Partial<Record<Datatype, Tensor>> = {
  BOOL: new Tensor('bool', [true, false], [1, 2]),
  UINT8: new Tensor('uint8', [0, 255], [1, 2]),
  UINT16: new Tensor('uint16', [0, 65_535], [1, 2]),
  UINT32: new Tensor('uint32', [0, 4_294_967_295], [1, 2]),
  UINT64: new Tensor('uint64', BigUint64Array.of(0n, 2n ** 64n - 1n), [1, 2]),
  INT8: new Tensor('int8', [-128, 127], [1, 2]),
  INT16: new Tensor('int16', [-32_768, 32_767], [1, 2]),
  INT32: new Tensor('int32', [-1, 2_147_483_647], [1, 2]),
  INT64: new Tensor('int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n), [1, 2]),
  FP16: halfFloats([0.5, -2], [1, 2]),
  FP32: new Tensor('float32', [0.5, -2], [1, 2]),
  FP64: new Tensor('float64', [0.1, -2], [1, 2]),
  BYTES: new Tensor('string', ['', 'grüße'], [1, 2]),
};

test.each(SERVABLE_DATATYPES)('identity gives back %s unchanged', async (datatype) => {
  const x = samples[datatype];
  if (x === undefined) throw new Error(`no sample of ${datatype}`);
  const y = await runOne(identity(datatype), { x });
  expect(y.type).toBe(x.type);
  expect(y.dims).toEqual([1, 2]);
  const expected = datatype === 'FP16' ? [0.5, -2] : [...x.data];
  expect([...y.data]).toEqual(expected);
});

test('mlp gives one row of outputs per row of inputs, the same for the same seed', async () => {
  const x = new Tensor('float32', [1, 2, 3, 4, 1, 2, 3, 4], [2, 4]);
  const y = await runOne(mlp(4, 8, 3, 5), { x });
  const again = await runOne(mlp(4, 8, 3, 5), { x });
  const other = await runOne(mlp(4, 8, 3, 6), { x });
  expect(y.dims).toEqual([2, 3]);
  expect([...y.data].slice(0, 3)).toEqual([...y.data].slice(3));
  expect([...again.data]).toEqual([...y.data]);
  expect([...other.data]).not.toEqual([...y.data]);
});

test('bigMlp has the size that was asked for and runs', async () => {
  const model = bigMlp(4_000_000);
  expect(model.length).toBeGreaterThan(3_990_000);
  expect(model.length).toBeLessThan(4_010_000);
  const y = await runOne(model, { x: new Tensor('float32', new Float32Array(2048).fill(1), [2, 1024]) });
  expect(y.dims).toEqual([2, 1]);
});

test('failsOnNegative throws for a negative element only, and goes on', async () => {
  const session = await open(failsOnNegative());
  expect([...(await run(session, { x: int64(0, 7) })).data]).toEqual([0, 7]);
  await expect(session.run({ x: int64(3, -1) })).rejects.toThrow(/Gather/);
  expect([...(await run(session, { x: int64(5) })).data]).toEqual([5]);
});

test('crashesOnNegative gives back what is not negative', async () => {
  expect([...(await runOne(crashesOnNegative(), { x: int64(0, 7) })).data]).toEqual([0, 7]);
});

test.skipIf(process.arch !== 'x64')('crashesOnNegative kills the process that runs it with a negative element', () => {
  const program = `
    import { InferenceSession, Tensor } from ${JSON.stringify(import.meta.resolve('onnxruntime-node'))};
    const session = await InferenceSession.create(${JSON.stringify(modelFile(crashesOnNegative()))});
    await session.run({ x: new Tensor('int64', BigInt64Array.of(5n, -1n), [2]) });`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
  expect(signal).toBe('SIGFPE');
});

test('slow loops as often as its largest element says', async () => {
  const y = await runOne(slow(), { x: int64(2, 20) });
  expect([...y.data]).toEqual([2, 20]);
});

test('memoryHog holds what its largest element says', async () => {
  const session = await open(memoryHog());
  const before = process.resourceUsage().maxRSS;
  const y = await run(session, { x: int64(1, 256) });
  expect([...y.data]).toEqual([1, 256]);
  expect(process.resourceUsage().maxRSS - before).toBeGreaterThan(200_000);
});

test('twoInputsDifferentDims adds up the rows of both inputs', async () => {
  const a = new Tensor('float32', [1, 1, 1, 2, 2, 2], [2, 3]);
  const b = new Tensor('float32', new Float32Array(10).fill(1), [2, 5]);
  expect([...(await runOne(twoInputsDifferentDims(), { a, b })).data]).toEqual([8, 11]);
});

test('zipmapClassifier loads and gives its probabilities as something that is no tensor', async () => {
  const session = await open(zipmapClassifier());
  expect(session.outputMetadata.map((output) => output.isTensor)).toEqual([true, false]);
});

test('withExternalData computes what the same model with inner weights computes', async () => {
  const x = new Tensor('float32', [1, 2, 3, 4], [1, 4]);
  const y = await runOne(withExternalData(temporaryDirectory()), { x });
  expect([...y.data]).toEqual([...(await runOne(mlp(), { x })).data]);
});

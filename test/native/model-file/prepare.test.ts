import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ModelSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { prepare } from '../../../src/adapters/onnx/model-file/prepare.ts';
import { rewriteForServing } from '../../../src/adapters/onnx/model-file/rewrite.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { addOne, withExternalData, ZIPMAP_LABELS, zipmapClassifier, zipmapSpec } from '../../helpers/onnx/models.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

const never = new AbortController().signal;

async function open(path: string): Promise<InferenceSession> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  onTestFinished(() => session.release());
  return session;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const flower = () => new Tensor('float32', [5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6, 2.5], [2, 4]);

async function expectProbabilities(path: string): Promise<void> {
  const session = await open(path);
  expect(session.outputMetadata.map(({ name, isTensor }) => [name, isTensor])).toEqual([
    ['output_label', true],
    ['output_probability', true],
  ]);
  const results = await session.run({ float_input: flower() });
  const scores = results['output_probability'];
  const labels = results['output_label'];
  if (!(scores instanceof Tensor) || !(labels instanceof Tensor)) throw new Error('an output is no tensor');
  expect(scores.dims).toEqual([2, 3]);
  const rows = [0, 1].map((row) => [...scores.data].slice(row * 3, row * 3 + 3).map(Number));
  for (const row of rows) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect([...labels.data]).toEqual(rows.map((row) => ZIPMAP_LABELS[row.indexOf(Math.max(...row))]));
}

test('a model that needs nothing is served from where it is, under the digest of its file', async () => {
  const path = modelFile(addOne());
  const rewriteDir = temporaryDirectory();
  const prepared = await prepare(path, { rewriteDir, signal: never });
  expect(prepared.path).toBe(path);
  expect(prepared.digest).toBe(sha256(addOne()));
  expect(prepared.inspection.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 3] }]);
  expect(readdirSync(rewriteDir)).toEqual([]);
});

test("a ZipMap classifier's rewritten model gives its probabilities, and the original stays as it was", async () => {
  const path = modelFile(zipmapClassifier());
  const rewriteDir = temporaryDirectory();
  const prepared = await prepare(path, { rewriteDir, signal: never });
  expect(prepared.digest).toBe(sha256(zipmapClassifier()));
  expect(prepared.path).toBe(join(rewriteDir, prepared.digest, 'model.onnx'));
  expect(readdirSync(rewriteDir)).toEqual([prepared.digest]);
  expect(prepared.inspection.rewrites).toHaveLength(1);
  await expectProbabilities(prepared.path);
  expect(readFileSync(path)).toEqual(Buffer.from(zipmapClassifier()));
  expect(readdirSync(join(path, '..'))).toEqual(['model.onnx']);
});

test('preparing the same model twice, also at once, gives the same rewritten file', async () => {
  const path = modelFile(zipmapClassifier());
  const rewriteDir = temporaryDirectory();
  const options = { rewriteDir, signal: never };
  const [first, second] = await Promise.all([prepare(path, options), prepare(path, options)]);
  const third = await prepare(path, options);
  expect(second.path).toBe(first.path);
  expect(third.path).toBe(first.path);
  expect(readdirSync(rewriteDir)).toEqual([first.digest]);
});

test('a rewritten model needs no rewriting', () => {
  const path = modelFile(zipmapClassifier());
  const rewritten = join(temporaryDirectory(), 'rewritten.onnx');
  const again = join(temporaryDirectory(), 'again.onnx');
  expect(rewriteForServing(path, rewritten)).toHaveLength(1);
  expect(rewriteForServing(rewritten, again)).toEqual([]);
  expect(existsSync(again)).toBe(false);
});

test('a ZipMap with integer labels in a model that imports ai.onnx.ml alone can be served too', async () => {
  const spec = zipmapSpec();
  const domain = 'ai.onnx.ml';
  const [classifier] = spec.graph.nodes;
  if (classifier === undefined) throw new Error('zipmapSpec begins with its classifier');
  const integers = { classlabels_ints: { ints: [1, 2, 30] } };
  const { classlabels_strings: _, ...attributes } = classifier.attributes ?? {};
  const zipMap = {
    op: 'ZipMap',
    domain,
    inputs: ['scores'],
    outputs: ['output_probability'],
    attributes: { classlabels_int64s: integers.classlabels_ints },
  };
  const model: ModelSpec = {
    ...spec,
    opsets: { [domain]: 1 },
    graph: {
      ...spec.graph,
      nodes: [
        { ...classifier, outputs: ['output_label', 'scores'], attributes: { ...attributes, ...integers } },
        zipMap,
      ],
      outputs: [
        { name: 'output_label', datatype: 'INT64', shape: [-1] },
        { name: 'output_probability', sequenceOfMaps: { key: 'INT64', value: 'FP32' } },
      ],
    },
  };
  const prepared = await prepare(modelFile(modelProto(model)), { rewriteDir: temporaryDirectory(), signal: never });
  expect(prepared.inspection.labels).toEqual({ output_probability: ['1', '2', '30'] });
  const results = await (await open(prepared.path)).run({ float_input: flower() });
  expect(results['output_probability']?.dims).toEqual([2, 3]);
});

test('the digest of a model with external data changes with that data', async () => {
  const directory = temporaryDirectory();
  const path = withExternalData(directory);
  const weights = join(directory, 'weights.bin');
  const options = { rewriteDir: temporaryDirectory(), signal: never };
  const { digest } = await prepare(path, options);
  expect(digest).toBe(sha256(sha256(readFileSync(path)) + sha256(readFileSync(weights))));
  writeFileSync(weights, readFileSync(weights).fill(0));
  expect((await prepare(path, options)).digest).not.toBe(digest);
});

test('a rewritten model finds its external data', async () => {
  const directory = temporaryDirectory();
  const spec = zipmapSpec();
  const external = { location: 'parts/scale.bin' };
  const graph = {
    ...spec.graph,
    nodes: [...spec.graph.nodes, { op: 'Mul', inputs: ['float_input', 'scale'], outputs: ['scaled'] }],
    outputs: [...spec.graph.outputs, { name: 'scaled', datatype: 'FP32' as const, shape: [-1, 4] }],
    initializers: [{ name: 'scale', datatype: 'FP32' as const, shape: [1], external }],
  };
  const path = join(directory, 'model.onnx');
  writeFileSync(path, modelProto({ ...spec, graph }));
  mkdirSync(join(directory, 'parts'));
  writeFileSync(join(directory, 'parts', 'scale.bin'), new Uint8Array(Float32Array.of(2).buffer));
  const prepared = await prepare(path, { rewriteDir: temporaryDirectory(), signal: never });
  const results = await (await open(prepared.path)).run({ float_input: flower() });
  expect(Number(results['scaled']?.data[2])).toBeCloseTo(2.8, 5);
});

test("the inspector's reason reaches the caller, and nothing is left behind", async () => {
  const rewriteDir = temporaryDirectory();
  const prepared = prepare(modelFile('no model'), { rewriteDir, signal: never });
  await expect(prepared).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringMatching(/no well-formed ONNX/),
    next: expect.stringMatching(/checker/),
  });
  expect(readdirSync(rewriteDir)).toEqual([]);
});

/** A preparation that takes seconds: the file beside the model is a hole of 8 GB, and all of it is hashed. */
async function longPreparation(rewriteDir: string, signal: AbortSignal) {
  const directory = temporaryDirectory();
  const path = withExternalData(directory);
  truncateSync(join(directory, 'weights.bin'), 8 * 2 ** 30);
  const outcome = prepare(path, { rewriteDir, signal }).catch((error: unknown) => error);
  const [pid] = await vi.waitUntil(() => {
    const pids = childrenOf(process.pid, path);
    return pids.length > 0 ? pids : undefined;
  });
  return { pid: pid ?? 0, outcome };
}

/** Children whose command line has `argument`. */
function childrenOf(parent: number, argument: string): number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(argument))
    .map(Number);
}

describe.skipIf(process.platform !== 'linux')('while the file is read', () => {
  test('aborting ends the process', async () => {
    const rewriteDir = temporaryDirectory();
    const controller = new AbortController();
    const { pid, outcome } = await longPreparation(rewriteDir, controller.signal);
    controller.abort(new Error('changed my mind'));
    expect(await outcome).toMatchObject({ message: 'changed my mind' });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(readdirSync(rewriteDir)).toEqual([]);
  });

  test('a process that is killed makes the model unloadable, with how it ended', async () => {
    const rewriteDir = temporaryDirectory();
    const { pid, outcome } = await longPreparation(rewriteDir, never);
    process.kill(pid, 'SIGKILL');
    expect(await outcome).toMatchObject({ code: 'model_unloadable', message: expect.stringMatching(/SIGKILL/) });
    expect(readdirSync(rewriteDir)).toEqual([]);
  });
});

test('an aborted preparation rejects with the reason and leaves nothing behind', async () => {
  const rewriteDir = temporaryDirectory();
  const controller = new AbortController();
  const prepared = prepare(modelFile(addOne()), { rewriteDir, signal: controller.signal });
  controller.abort(new Error('changed my mind'));
  await expect(prepared).rejects.toThrow('changed my mind');
  await expect(prepare(modelFile(addOne()), { rewriteDir, signal: controller.signal })).rejects.toThrow(
    'changed my mind',
  );
  expect(readdirSync(rewriteDir)).toEqual([]);
});

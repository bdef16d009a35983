import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ModelSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { prepare, removeAbandoned } from '../../../src/adapters/onnx/model-file/prepare.ts';
import { rewriteForServing } from '../../../src/adapters/onnx/model-file/rewrite.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { parentDeathCommand } from '../../../src/adapters/onnx/spawner/parent-death-command.ts';
import { Spawner } from '../../../src/adapters/onnx/spawner/spawner.ts';
import { addOne, withExternalData, ZIPMAP_LABELS, zipmapClassifier, zipmapSpec } from '../../helpers/onnx/models.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';
import { childrenOf, hasOpen, isAlive } from '../../helpers/processes.ts';

const never = new AbortController().signal;
const spawner = new Spawner(() => {});

afterAll(() => spawner[Symbol.asyncDispose]());

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
  const prepared = await prepare(path, { rewriteDir, prefix: [], spawner, signal: never });
  expect(prepared.path).toBe(path);
  expect(prepared.digest).toBe(sha256(addOne()));
  expect(prepared.inspection.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 3] }]);
  expect(readdirSync(rewriteDir)).toEqual([]);
});

test("a ZipMap classifier's rewritten model gives its probabilities, and the original stays as it was", async () => {
  const path = modelFile(zipmapClassifier());
  const rewriteDir = temporaryDirectory();
  const prepared = await prepare(path, { rewriteDir, prefix: [], spawner, signal: never });
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
  const options = { rewriteDir, prefix: [], spawner, signal: never };
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
  const prepared = await prepare(modelFile(modelProto(model)), {
    rewriteDir: temporaryDirectory(),
    prefix: [],
    spawner,
    signal: never,
  });
  expect(prepared.inspection.labels).toEqual({ output_probability: ['1', '2', '30'] });
  const results = await (await open(prepared.path)).run({ float_input: flower() });
  expect(results['output_probability']?.dims).toEqual([2, 3]);
});

test('the digest of a model with external data changes with that data', async () => {
  const directory = temporaryDirectory();
  const path = withExternalData(directory);
  const weights = join(directory, 'weights.bin');
  const options = { rewriteDir: temporaryDirectory(), prefix: [], spawner, signal: never };
  const { digest } = await prepare(path, options);
  expect(digest).toBe(sha256(sha256(readFileSync(path)) + sha256(readFileSync(weights))));
  writeFileSync(weights, readFileSync(weights).fill(0));
  expect((await prepare(path, options)).digest).not.toBe(digest);
});

/** A ZipMap classifier that also scales its input, by a number from the files at `locations`, as `fileName` in `directory`. */
function scalingClassifier(directory: string, fileName: string, locations: readonly string[]): string {
  const spec = zipmapSpec();
  const scales = locations.map((location, index) => ({
    node: { op: 'Mul', inputs: ['float_input', `scale${index}`], outputs: [`scaled${index}`] },
    output: { name: `scaled${index}`, datatype: 'FP32' as const, shape: [-1, 4] },
    initializer: { name: `scale${index}`, datatype: 'FP32' as const, shape: [1], external: { location, length: 4 } },
  }));
  const graph = {
    ...spec.graph,
    nodes: [...spec.graph.nodes, ...scales.map(({ node }) => node)],
    outputs: [...spec.graph.outputs, ...scales.map(({ output }) => output)],
    initializers: scales.map(({ initializer }) => initializer),
  };
  const path = join(directory, fileName);
  for (const location of locations) {
    mkdirSync(dirname(join(directory, location)), { recursive: true });
    writeFileSync(join(directory, location), new Uint8Array(Float32Array.of(2).buffer));
  }
  writeFileSync(path, modelProto({ ...spec, graph }));
  return path;
}

test.each([
  ['in a directory of its own', ['parts/scale.bin']],
  ['by two spellings of one name', ['scale.bin', './scale.bin']],
  ['in a file that has the name of rewritten models', ['model.onnx']],
  ['in a directory that has the name of rewritten models', ['model.onnx/scale.bin']],
])('a rewritten model finds its external data %s', async (_, locations) => {
  const directory = temporaryDirectory();
  const path = scalingClassifier(directory, 'classifier.onnx', locations);
  const prepared = await prepare(path, { rewriteDir: temporaryDirectory(), prefix: [], spawner, signal: never });
  const results = await (await open(prepared.path)).run({ float_input: flower() });
  expect(Number(results['scaled0']?.data[2])).toBeCloseTo(2.8, 5);
});

const onOtherFileSystem = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(tmpdir()).dev;

test.skipIf(!onOtherFileSystem)('external data is copied where it can not be linked', async () => {
  const rewriteDir = mkdtempSync('/dev/shm/echoserve-test-');
  onTestFinished(() => rmSync(rewriteDir, { recursive: true, force: true }));
  const path = scalingClassifier(temporaryDirectory(), 'classifier.onnx', ['scale.bin']);
  const prepared = await prepare(path, { rewriteDir, prefix: [], spawner, signal: never });
  const results = await (await open(prepared.path)).run({ float_input: flower() });
  expect(Number(results['scaled0']?.data[2])).toBeCloseTo(2.8, 5);
});

test("the inspector's reason reaches the caller, and nothing is left behind", async () => {
  const rewriteDir = temporaryDirectory();
  const prepared = prepare(modelFile('no model'), { rewriteDir, prefix: [], spawner, signal: never });
  await expect(prepared).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringMatching(/no well-formed ONNX/),
    next: expect.stringMatching(/checker/),
  });
  expect(readdirSync(rewriteDir)).toEqual([]);
});

/** A preparation that takes long: the file beside the model is a hole, and all of it is hashed. */
async function longPreparation(rewriteDir: string, signal: AbortSignal, holeBytes = 8 * 2 ** 30) {
  const directory = temporaryDirectory();
  const path = scalingClassifier(directory, 'model.onnx', ['weights.bin']);
  truncateSync(join(directory, 'weights.bin'), holeBytes);
  const outcome = prepare(path, { rewriteDir, prefix: [], spawner, signal }).catch((error: unknown) => error);
  const [pid] = await vi.waitUntil(() => {
    const pids = childrenOf(process.pid, path);
    return pids.length > 0 ? pids : undefined;
  });
  return { pid: pid ?? 0, path, outcome };
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

  test('a model that is replaced is refused, so that no rewrite is kept under the digest of another', async () => {
    const rewriteDir = temporaryDirectory();
    const { pid, path, outcome } = await longPreparation(rewriteDir, never, 2 * 2 ** 30);
    await vi.waitUntil(() => hasOpen(pid, 'weights.bin'), { interval: 5, timeout: 20_000 });
    const next = join(temporaryDirectory(), 'next.onnx');
    writeFileSync(next, zipmapClassifier());
    renameSync(next, path);
    expect(await outcome).toMatchObject({
      code: 'model_unloadable',
      message: expect.stringMatching(/model\.onnx was changed while it was read/),
      next: expect.stringMatching(/Load the model again/),
    });
    expect(readdirSync(rewriteDir)).toEqual([]);
  });

  test.skipIf(parentDeathCommand().length === 0)('kill -9 of the server ends it, and the next cleans up', async () => {
    const [home, directory] = [temporaryDirectory(), temporaryDirectory()];
    const path = scalingClassifier(directory, 'model.onnx', ['weights.bin']);
    // Minutes of hashing: it does not end by itself within this test.
    truncateSync(join(directory, 'weights.bin'), 2 ** 39);
    const front = spawn(process.execPath, [join(import.meta.dirname, '../../helpers/runner/front.ts'), path], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TMPDIR: home },
    });
    onTestFinished(() => void front.kill('SIGKILL'));
    // Not before it runs node: until then it may not have asked yet to end with its parent.
    const runsNode = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(process.execPath);
    const preparing = () => childrenOf(front.pid ?? 0, 'prepare-main').find(runsNode);
    const pid = (await vi.waitUntil(preparing, { timeout: 20_000 })) ?? 0;
    front.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });
    const rewriteDir = join(
      home,
      readdirSync(home).find((name) => name.startsWith('echoserve-engine-')) ?? '',
      'rewritten',
    );
    expect(readdirSync(rewriteDir)).toEqual([expect.stringMatching(/^\.preparing-/)]);
    mkdirSync(join(rewriteDir, 'abcdef'));
    await removeAbandoned(rewriteDir);
    expect(readdirSync(rewriteDir)).toEqual(['abcdef']);
  });
});

test('an aborted preparation rejects with the reason and leaves nothing behind', async () => {
  const rewriteDir = temporaryDirectory();
  const controller = new AbortController();
  const prepared = prepare(modelFile(addOne()), { rewriteDir, prefix: [], spawner, signal: controller.signal });
  controller.abort(new Error('changed my mind'));
  await expect(prepared).rejects.toThrow('changed my mind');
  await expect(
    prepare(modelFile(addOne()), { rewriteDir, prefix: [], spawner, signal: controller.signal }),
  ).rejects.toThrow('changed my mind');
  expect(readdirSync(rewriteDir)).toEqual([]);
});

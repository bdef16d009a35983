import { readdirSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { floatTensor } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { prepare } from '../../../src/adapters/onnx/model-file/prepare.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { Spawner } from '../../../src/adapters/onnx/spawner/spawner.ts';
import { mlp, zipmapSpec } from '../../helpers/onnx/models.ts';
import { seededFloats } from '../../helpers/onnx/seeded.ts';
import { sparseModel } from '../../helpers/onnx/sparse-model.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';
import { childrenOf, hasOpen } from '../../helpers/processes.ts';

const never = new AbortController().signal;

const spawner = new Spawner(() => {});

afterAll(() => spawner[Symbol.asyncDispose]());

function share(path: string, rewriteDir: string, prefix: readonly string[] = []) {
  return prepare(path, { rewriteDir, prefix, spawner, signal: never, shareWeights: true });
}

async function run(path: string, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  onTestFinished(() => session.release());
  return await session.run(feeds);
}

test('a ZipMap classifier with large weights gives its probabilities and what its weights make', async () => {
  const spec = zipmapSpec();
  const weights = seededFloats(2048, 5);
  const graph = {
    ...spec.graph,
    nodes: [{ op: 'MatMul', inputs: ['float_input', 'w'], outputs: ['wide'] }, ...spec.graph.nodes],
    outputs: [...spec.graph.outputs, { name: 'wide', datatype: 'FP32' as const, shape: [-1, 512] }],
    initializers: [floatTensor('w', [4, 512], weights)],
  };
  const { path } = await share(modelFile(modelProto({ ...spec, graph })), temporaryDirectory());
  const results = await run(path, { float_input: new Tensor('float32', [0, 0, 1, 0], [1, 4]) });
  expect(results['output_probability']?.dims).toEqual([1, 3]);
  expect([...(results['wide']?.data ?? [])]).toEqual([...weights.subarray(1024, 1536)]);
});

test('preparing a model twice at once writes its weights once', async () => {
  const path = modelFile(mlp(64, 600, 32));
  const rewriteDir = temporaryDirectory();
  const [first, second] = await Promise.all([share(path, rewriteDir), share(path, rewriteDir)]);
  expect(second).toEqual(first);
  expect(readdirSync(rewriteDir)).toEqual([`${first.digest}-shared`]);
});

test('a disk that is full is told, and nothing is left on it', async () => {
  const rewriteDir = temporaryDirectory();
  // No file may grow above 64 blocks of 512 bytes; the weights take 300 of them.
  const smallDisk = ['sh', '-c', 'ulimit -f 64 && exec "$@"', 'sh'];
  await expect(share(modelFile(mlp(64, 600, 32)), rewriteDir, smallDisk)).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringMatching(/written anew.*EFBIG/),
    next: expect.stringMatching(/room for a copy/),
  });
  expect(readdirSync(rewriteDir)).toEqual([]);
});

test.skipIf(process.platform !== 'linux')('a process that is killed while it writes leaves nothing', async () => {
  const rewriteDir = temporaryDirectory();
  const path = sparseModel(1, 2 ** 30);
  const outcome = share(path, rewriteDir).catch((error: unknown) => error);
  await vi.waitUntil(
    () => {
      const [pid] = childrenOf(process.pid, path);
      if (pid === undefined || !hasOpen(pid, 'weights.bin')) return false;
      process.kill(pid, 'SIGKILL');
      return true;
    },
    { interval: 5, timeout: 60_000 },
  );
  expect(await outcome).toMatchObject({ code: 'model_unloadable', message: expect.stringMatching(/SIGKILL/) });
  expect(readdirSync(rewriteDir)).toEqual([]);
});

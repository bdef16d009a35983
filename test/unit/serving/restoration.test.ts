import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersionSelector } from '../../../src/core/model/version.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

const preload = (modelId: string, version = 'latest') => ({
  modelId: parseModelId(modelId),
  version: parseVersionSelector(version),
});

/** What a server leaves behind that served iris 1, with 2 beside it, and where a person stopped tulip. */
async function leftBehind(): Promise<FakeStore> {
  await using serving = new Serving();
  for (const version of ['1', '2', '3']) serving.catalog.add('iris', version);
  serving.catalog.add('tulip', '1');
  await serving.load('iris', '1', { options: { maxBatchSize: 4 }, pinned: true });
  await serving.load('iris', '2');
  await serving.load('tulip', '1');
  await serving.unload('tulip');
  return serving.store;
}

function restarted(store: FakeStore, overrides = {}): Serving {
  const serving = new Serving(overrides, store);
  for (const version of ['1', '2', '3']) serving.catalog.add('iris', version);
  serving.catalog.add('tulip', '1');
  return serving;
}

test('what was resident is resident after a restart, with its options, and the same version serves', async () => {
  await using serving = restarted(await leftBehind());
  await serving.manager.start();
  await serving.manager.restored;
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', serving: true, pinned: true, maxBatchSize: 4 });
  expect(serving.view('iris', '2')).toMatchObject({ state: 'ready', serving: false });
  expect(serving.manager.residentVersions()).toHaveLength(2);
});

test('what a person stopped stays stopped', async () => {
  await using serving = restarted(await leftBehind());
  await serving.manager.start();
  await serving.manager.restored;
  expect(await codeOf(serving.infer('tulip'))).toBe('not_ready');
});

test('one version that can not be restored does not keep the others', async () => {
  await using serving = restarted(await leftBehind());
  serving.engine.unpreparable.set('/models/iris/1/model.onnx', new AppError('model_unloadable', 'truncated'));
  await serving.manager.start();
  await serving.manager.restored;
  expect(serving.view('iris', '1')).toMatchObject({ state: 'failed', reason: 'truncated' });
  expect(serving.view('iris', '2')).toMatchObject({ state: 'ready', serving: false });
  expect(serving.store.desired.get('iris@1')?.state).toBe('running');
});

test('a request that comes before the restoration is answered by the version that served', async () => {
  await using serving = restarted(await leftBehind());
  await serving.manager.start();
  expect((await serving.infer('iris')).version).toBe('1');
});

test('what the command line names is loaded too, unless the model already has a version that serves', async () => {
  await using serving = restarted(await leftBehind());
  await serving.manager.start([preload('iris'), preload('tulip')]);
  await serving.manager.restored;
  expect(serving.view('tulip', '1')).toMatchObject({ state: 'ready', serving: true });
  expect(serving.view('iris', '3')).toBeUndefined();
});

test('a preload that names a version loads that one', async () => {
  await using serving = restarted(new FakeStore());
  await serving.manager.start([preload('iris', '2')]);
  await serving.manager.restored;
  expect(serving.view('iris', '2')).toMatchObject({ state: 'ready', serving: true });
});

test('the server is not ready before its required models are, and names the one that is missing', async () => {
  await using serving = restarted(new FakeStore(), { required: [parseModelId('iris')] });
  expect(serving.manager.notReadyReason()).toMatch(/starting/);
  serving.engine.hold();
  await serving.manager.start([preload('iris')]);
  await settle();
  expect(serving.manager.notReadyReason()).toMatch(/"iris".*being loaded/);
  expect((await serving.manager.status()).phase).toBe('starting');
  serving.engine.release();
  await serving.manager.restored;
  expect(serving.manager.notReadyReason()).toBeUndefined();
  expect((await serving.manager.status()).phase).toBe('running');
});

test('a required model that fails keeps the server from being ready, with the reason', async () => {
  await using serving = restarted(new FakeStore(), { required: [parseModelId('iris')] });
  serving.engine.startFailures.push(new AppError('model_unloadable', 'unknown operator Foo'));
  await serving.manager.start([preload('iris')]);
  await serving.manager.restored;
  expect(serving.manager.notReadyReason()).toMatch(/"iris".*unknown operator Foo/);
});

test('a model that is not required does not', async () => {
  await using serving = restarted(new FakeStore(), { required: [parseModelId('iris')] });
  await serving.manager.start([preload('iris')]);
  await serving.manager.restored;
  serving.engine.startFailures.push(new AppError('model_unloadable', 'broken'));
  await codeOf(serving.load('tulip'));
  expect(serving.manager.notReadyReason()).toBeUndefined();
});

test('stored options that are no numbers are left out', async () => {
  const store = await leftBehind();
  const desired = store.desired.get('iris@1');
  if (desired !== undefined) store.desired.set('iris@1', { ...desired, options: { maxBatchSize: 'many', odd: 1 } });
  await using serving = restarted(store);
  await serving.manager.start();
  await serving.manager.restored;
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', maxBatchSize: 32 });
});

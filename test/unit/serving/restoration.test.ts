import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersionSelector } from '../../../src/core/model/version.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { codeOf, Serving, silentLogger } from '../../helpers/serving/serving.ts';

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

/** A restarted server on which nothing gets further than its files, but for iris 2: the queue of restorations stands. */
async function standing(store: FakeStore, overrides = {}): Promise<{ serving: Serving; letGo: () => void }> {
  const serving = restarted(store, overrides);
  const { promise, resolve } = Promise.withResolvers<void>();
  const prepare = serving.engine.prepare.bind(serving.engine);
  serving.engine.prepare = async (path, signal) => {
    if (path !== '/models/iris/2/model.onnx') await promise;
    return prepare(path, signal);
  };
  await serving.manager.start([preload('tulip')]);
  await settle();
  return { serving, letGo: resolve };
}

test('what a person unloads while it waits for its turn is not loaded', async () => {
  const { serving, letGo } = await standing(await leftBehind());
  await using _ = serving;
  expect(serving.view('iris', '2')).toBeUndefined();
  expect((await serving.unload('iris', '2')).unloaded).toEqual(['2']);
  expect(serving.store.desired.get('iris@2')).toMatchObject({ state: 'stopped', serving: false });
  letGo();
  await serving.manager.restored;
  expect(serving.view('iris', '2')).toBeUndefined();
  expect(serving.store.desired.get('iris@2')?.state).toBe('stopped');
});

test('nor is it missed where its files are gone', async () => {
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (fields: object) => errors.push(fields) };
  const { serving, letGo } = await standing(await leftBehind(), { logger });
  await using _ = serving;
  serving.catalog.remove('iris', '2');
  await serving.unload('iris', '2');
  letGo();
  await serving.manager.restored;
  expect(errors).toEqual([]);
});

test('nor is what a request had brought before it', async () => {
  const { serving, letGo } = await standing(await leftBehind());
  await using _ = serving;
  expect((await serving.infer('iris', '2')).version).toBe('2');
  await serving.unload('iris', '2');
  letGo();
  await serving.manager.restored;
  expect(serving.view('iris', '2')).toBeUndefined();
  expect(serving.store.desired.get('iris@2')?.state).toBe('stopped');
});

test('nor is a version that is unloaded while its files are looked for', async () => {
  await using serving = restarted(await leftBehind());
  const find = serving.catalog.find.bind(serving.catalog);
  const { promise, resolve } = Promise.withResolvers<void>();
  serving.catalog.find = (modelId) => promise.then(() => find(modelId));
  await serving.manager.start();
  await settle();
  expect((await serving.unload('iris')).unloaded).toEqual(['1', '2']);
  resolve();
  await serving.manager.restored;
  expect(serving.manager.residentVersions()).toEqual([]);
  expect(serving.engine.starts).toBe(0);
});

test('nor is a preload that was brought and unloaded since the start', async () => {
  await using serving = restarted(await leftBehind());
  serving.catalog.add('rose', '1');
  const find = serving.catalog.find.bind(serving.catalog);
  const { promise, resolve } = Promise.withResolvers<void>();
  serving.catalog.find = (modelId) => (modelId === 'iris' ? promise : Promise.resolve()).then(() => find(modelId));
  await serving.manager.start([preload('iris', '3'), preload('rose')]);
  await settle();
  await serving.infer('rose');
  await serving.unload('rose');
  resolve();
  await serving.manager.restored;
  expect(serving.view('rose', '1')).toBeUndefined();
  expect(serving.view('iris', '3')?.state).toBe('ready');
});

test('a version whose files are gone can be unloaded, and is not missed at the next start', async () => {
  const store = await leftBehind();
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (_fields: object, message: string) => errors.push(message) };
  {
    await using serving = new Serving({ logger }, store);
    await serving.manager.start();
    await serving.manager.restored;
    expect(errors).toHaveLength(2);
    expect((await serving.unload('iris')).unloaded).toEqual(['1', '2']);
    expect(await codeOf(serving.unload('iris'))).toBe('model_not_found');
  }
  await using serving = new Serving({ logger }, store);
  await serving.manager.start();
  await serving.manager.restored;
  expect(errors).toHaveLength(2);
  expect([...store.desired.values()].filter((each) => each.state === 'running' || each.serving)).toEqual([]);
});

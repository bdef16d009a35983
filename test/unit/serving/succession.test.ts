import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersionSelector } from '../../../src/core/model/version.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

/** A server on what an earlier one left, with these versions of `m` on disk. */
function server(store: FakeStore, ...versions: string[]): Serving {
  const serving = new Serving({}, store);
  for (const version of versions) serving.catalog.add('m', version);
  return serving;
}

/** What a server leaves that served version 1. */
async function servedFirst(): Promise<FakeStore> {
  const store = new FakeStore();
  await using serving = server(store, '1', '2');
  await serving.load('m', '1');
  return store;
}

/** Keeps one version from being prepared until it is let go. */
function holdBack(serving: Serving, version: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const prepare = serving.engine.prepare.bind(serving.engine);
  serving.engine.prepare = async (path, signal) => {
    if (path === `/models/m/${version}/model.onnx`) await promise;
    return prepare(path, signal);
  };
  return resolve;
}

const serves = (serving: Serving) =>
  serving.manager
    .residentVersions()
    .filter((view) => view.serving)
    .map((view) => view.version);
const recorded = (store: FakeStore) =>
  [...store.desired.values()].filter((each) => each.serving).map((each) => each.version);
const preload = (version: string) => ({ modelId: parseModelId('m'), version: parseVersionSelector(version) });

test('a preload of another version does not take the place of the one that served, however fast it is', async () => {
  const store = await servedFirst();
  await using serving = server(store, '1', '2');
  const letGo = holdBack(serving, '1');
  await serving.manager.start([preload('2')]);
  await settle();
  expect(serving.view('m', '2')).toMatchObject({ state: 'ready', serving: false });
  letGo();
  await serving.manager.restored;
  expect(serves(serving)).toEqual(['1']);
  expect(recorded(store)).toEqual(['1']);
});

test('nor does a request that names another version, or a load of it', async () => {
  const store = await servedFirst();
  await using serving = server(store, '1', '2', '3');
  const letGo = holdBack(serving, '1');
  await serving.manager.start();
  await settle();
  await serving.infer('m', '2');
  await serving.load('m', '2');
  await serving.load('m', '3');
  expect(serves(serving)).toEqual([]);
  letGo();
  await serving.manager.restored;
  expect(serves(serving)).toEqual(['1']);
  expect((await serving.infer('m')).version).toBe('1');
  expect(recorded(store)).toEqual(['1']);
});

test('a version that can not be restored keeps its place until it is unloaded', async () => {
  const store = await servedFirst();
  {
    await using serving = server(store, '2');
    await serving.manager.start();
    await serving.manager.restored;
    expect((await serving.load('m', '2')).version.serving).toBe(false);
    await expect(serving.infer('m')).rejects.toMatchObject({ code: 'not_ready', next: /unload that version/ });
    expect(await serving.manager.canAnswer(parseModelId('m'), undefined)).toBe(false);
    expect(await codeOf(serving.infer('m', '1'))).toBe('version_not_found');
  }
  {
    await using serving = server(store, '1', '2');
    await serving.manager.start();
    await serving.manager.restored;
    expect(serves(serving)).toEqual(['1']);
  }
  await using serving = server(store, '2');
  await serving.manager.start();
  await serving.manager.restored;
  expect((await serving.unload('m', '1')).unloaded).toEqual(['1']);
  expect((await serving.load('m', '2')).version.serving).toBe(true);
  expect(recorded(store)).toEqual(['2']);
});

test('of two first loads at once the one that began first serves', async () => {
  await using serving = server(new FakeStore(), '1', '2');
  const letGo = holdBack(serving, '1');
  const first = serving.load('m', '1');
  await settle();
  expect((await serving.load('m', '2')).version.serving).toBe(false);
  letGo();
  expect((await first).version.serving).toBe(true);
});

test('where that one fails, the next load serves, resident or not', async () => {
  await using serving = server(new FakeStore(), '1', '2');
  serving.engine.unpreparable.set('/models/m/1/model.onnx', new AppError('model_unloadable', 'truncated'));
  const letGo = holdBack(serving, '1');
  const first = codeOf(serving.load('m', '1'));
  await settle();
  await serving.load('m', '2');
  letGo();
  expect(await first).toBe('model_unloadable');
  expect((await serving.load('m', '2')).version).toMatchObject({ version: '2', serving: true });
});

test('a request that names a version does not undo that a person unloaded the one that served', async () => {
  await using serving = server(new FakeStore(), '1', '2');
  await serving.load('m', '2');
  await serving.unload('m');
  expect((await serving.infer('m', '1')).version).toBe('1');
  expect(serves(serving)).toEqual([]);
  expect(await codeOf(serving.infer('m'))).toBe('not_ready');
  expect((await serving.load('m', '1')).version.serving).toBe(true);
});

test('the first version of all serves, also where the first request names it', async () => {
  await using serving = server(new FakeStore(), '1', '2');
  await serving.infer('m', '1');
  expect(serves(serving)).toEqual(['1']);
});

test('what the command line names serves where nobody was chosen, also when a request brought it', async () => {
  const store = await servedFirst();
  {
    await using serving = server(store, '1', '2');
    await serving.manager.start();
    await serving.unload('m', '1');
  }
  await using serving = server(store, '1', '2');
  const find = serving.catalog.find.bind(serving.catalog);
  const { promise, resolve } = Promise.withResolvers<void>();
  serving.catalog.find = (modelId) => promise.then(() => find(modelId));
  await serving.manager.start([preload('2')]);
  await settle();
  serving.catalog.find = find;
  await serving.infer('m', '2');
  expect(serves(serving)).toEqual([]);
  resolve();
  await serving.manager.restored;
  expect(serves(serving)).toEqual(['2']);
  expect(recorded(store)).toEqual(['2']);
});

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import type { Catalog, ModelSource } from '../../../src/serving/ports/catalog.ts';
import { FakeStore } from '../../helpers/serving/fake-store.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';
import { SourceFixture, sha256 } from '../source/fixture.ts';

const REFUSED = 'https://nowhere.example/x';
const unloadable = new AppError('model_unloadable', 'not ONNX');

/** A manager on real directories: what is lost here is lost. */
let fixture: SourceFixture;
let serving: Serving;
let store: FakeStore;

beforeEach(async () => {
  fixture = await SourceFixture.create();
  await put('repository/in/iris.onnx', 'iris');
  store = new FakeStore();
  start();
});
afterEach(async () => {
  await serving[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

function start(source: ModelSource = fixture.source(), seen: Partial<Catalog> = {}): void {
  const { catalog } = fixture;
  const look: Catalog = {
    list: () => catalog.list(),
    find: (modelId) => catalog.find(modelId),
    takenNames: (modelId) => catalog.takenNames(modelId),
    sha256: (version, signal) => catalog.sha256(version, signal),
    ...seen,
  };
  serving = new Serving({ catalog: look, source }, store);
}

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(fixture.base, path)), { recursive: true });
  await writeFile(join(fixture.base, path), content);
}

const has = (path: string) => existsSync(join(fixture.dataDir, 'models', path));
const iris = (more = {}) => ({ source: 'in/iris.onnx', ...more });

test('a refused source takes no files away from the model above', async () => {
  await serving.load('a', '1', iris());
  await put('data/models/a/1/probes/x.json', '{}');
  expect(await codeOf(serving.load('a/1', 'probes', { source: REFUSED }))).toBe('conflict');
  expect(await codeOf(serving.load('a/1', 'new', { source: REFUSED }))).toBe('forbidden');
  // It was not there before, and so is free to be tried for; the model above is in its way all the same.
  expect(await codeOf(serving.load('a/1', 'new', iris()))).toBe('conflict');
  expect(has('a/1/probes/x.json')).toBe(true);
  expect(has('a/1/model.onnx')).toBe(true);
});

test('a version with a mistake in its manifest is not taken for one that is not there', async () => {
  await serving.load('a', '1', iris());
  await serving.unload('a');
  await put('data/models/a/1/model.json', '{"typo": 1}');
  await put('repository/in/other.onnx', 'other');
  expect(await codeOf(serving.load('a', '1', { source: REFUSED }))).toBe('conflict');
  expect(await codeOf(serving.load('a', '1', { source: 'in/other.onnx' }))).toBe('conflict');
  expect((await serving.load('a', 'latest', { source: 'in/other.onnx' })).version.version).toBe('2');
  expect(await readFile(join(fixture.dataDir, 'models/a/1/model.onnx'), 'utf8')).toBe('iris');
});

test('nor is one of the repository', async () => {
  await put('repository/a/4/model.onnx', 'four');
  await put('repository/a/4/model.json', 'no JSON');
  expect(await codeOf(serving.load('a', '4', iris()))).toBe('conflict');
  expect((await serving.load('a', 'latest', iris())).version.version).toBe('5');
});

test('what somebody else puts in place while a source is fetched stays, and the load is refused', async () => {
  const real = fixture.source();
  start({
    fetch: async (request) => {
      await put('data/models/a/1/model.onnx', 'theirs');
      return real.fetch(request);
    },
    discard: (modelId, version) => real.discard(modelId, version),
  });
  expect(await codeOf(serving.load('a', '1', iris()))).toBe('conflict');
  expect(await readFile(join(fixture.dataDir, 'models/a/1/model.onnx'), 'utf8')).toBe('theirs');
});

test('a file that does not load is removed by the load that brought it, and by no other', async () => {
  serving.engine.startFailures.push(unloadable, unloadable);
  await expect(serving.load('a', '1', iris())).rejects.toBe(unloadable);
  expect(has('a')).toBe(false);
  await put('data/models/a/1/model.onnx', 'iris');
  // It came between the look at the directories and the fetching.
  start(fixture.source(), { find: async () => [], takenNames: async () => new Set() });
  serving.engine.startFailures.push(unloadable);
  await expect(serving.load('a', '1', iris({ sha256: sha256('iris') }))).rejects.toBe(unloadable);
  expect(has('a/1/model.onnx')).toBe(true);
});

test.each([true, false])(
  'a load that is cancelled as it ends takes back what it brought itself (%s)',
  async (brings) => {
    if (!brings) await put('data/models/a/1/model.onnx', 'iris');
    if (!brings) start(fixture.source(), { find: async () => [], takenNames: async () => new Set() });
    const { clock } = serving;
    const epochMs = clock.epochMs.bind(clock);
    let unload: Promise<unknown> | undefined;
    clock.epochMs = () => {
      // The last thing that a load does is to note the time.
      if (serving.view('a', '1')?.measuredBytes !== undefined) unload ??= serving.unload('a', '1');
      return epochMs();
    };
    expect(await codeOf(serving.load('a', '1', iris({ sha256: sha256('iris') })))).toBe('conflict');
    await unload;
    expect(serving.engine.runners.map((runner) => runner.disposed)).toEqual([true]);
    expect(has('a/1/model.onnx')).toBe(!brings);
  },
);

test('a model whose manifest spoils every version keeps what it has', async () => {
  await serving.load('a', '1', iris());
  await serving.unload('a');
  await put('data/models/a/model.json', '{"typo": 1}');
  await expect(serving.load('a', 'latest', iris())).rejects.toThrow(/manifest/);
  expect(has('a/1/model.onnx')).toBe(true);
  expect(has('a/2')).toBe(false);
});

test('a version that a killed server had fetched and not loaded is loaded by the same request', async () => {
  await fixture.fetch(fixture.source(), 'in/iris.onnx', { modelId: 'a' });
  expect(store.desired.size).toBe(0);
  expect(await codeOf(serving.load('a', '1', { source: 'in/other.onnx' }))).toBe('conflict');
  expect((await serving.load('a', '1', iris())).version).toMatchObject({ state: 'ready', source: 'in/iris.onnx' });
});

test('where a version came from is known after an unload and a load by its name, with what else was asked for', async () => {
  await serving.load('a', '1', iris({ pinned: true, options: { maxBatchSize: 4 } }));
  await serving.unload('a');
  await serving.load('a', '1');
  const recorded = { state: 'running', source: 'in/iris.onnx', pinned: true, options: { maxBatchSize: 4 } };
  expect(store.desired.get('a@1')).toMatchObject(recorded);
  await serving.unload('a');
  expect((await serving.load('a', '1', iris())).version).toMatchObject({ pinned: true, maxBatchSize: 4 });
});

test('a note of the source that is damaged makes it an unknown one', async () => {
  await serving.load('a', '1', iris());
  await serving.unload('a');
  await put('data/models/a/1/.source.json', '{"sou');
  store.desired.clear();
  start();
  expect(await codeOf(serving.load('a', '1', iris()))).toBe('conflict');
  expect((await serving.load('a', '1')).version.source).toBeUndefined();
});

test('a digest is compared with the file that is there, loaded or not', async () => {
  await serving.load('a', '1', iris({ sha256: sha256('iris') }));
  await serving.unload('a');
  await expect(serving.load('a', '1', iris({ sha256: sha256('other') }))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(sha256('iris')),
    details: { expected: sha256('other'), actual: sha256('iris') },
  });
  expect((await serving.load('a', '1', iris({ sha256: sha256('iris') }))).cacheHit).toBe(false);
  expect((await serving.load('a', '1', iris({ sha256: sha256('iris') }))).cacheHit).toBe(true);
  expect(await codeOf(serving.load('a', '1', iris({ sha256: sha256('other') })))).toBe('conflict');
});

import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

const unloadable = new AppError('model_unloadable', 'not ONNX');

test('the first load of a model makes its version ready and serving', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const { version, cacheHit } = await serving.load('iris');
  expect(cacheHit).toBe(false);
  expect(version).toMatchObject({ version: '1', state: 'ready', serving: true, weight: 1, batchable: true });
  expect(version.health.status).toBe('healthy');
  expect(version.measuredBytes).toBe(30_000_000);
});

test('"latest" is the highest version in the catalog', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '9');
  serving.catalog.add('iris', '10');
  expect((await serving.load('iris')).version.version).toBe('10');
});

test('ten loads at once are one load', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const results = await Promise.all(Array.from({ length: 10 }, () => serving.load('iris', '1')));
  expect(serving.engine.starts).toBe(1);
  expect(new Set(results.map((result) => result.version.runnerPid)).size).toBe(1);
  expect(serving.manager.performance()).toMatchObject({ totalLoads: 1, successfulLoads: 1, cacheMisses: 1 });
});

test('who stops waiting does not stop the load for the others', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const impatient = new AbortController();
  const first = serving.load('iris', '1', {}, impatient.signal);
  const second = serving.load('iris', '1');
  await settle();
  impatient.abort();
  expect(await codeOf(first)).toBe('request_cancelled');
  serving.engine.release();
  expect((await second).version.state).toBe('ready');
});

test('a load goes on when nobody waits for it any more', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const impatient = new AbortController();
  const load = serving.load('iris', '1', {}, impatient.signal);
  await settle();
  impatient.abort();
  await codeOf(load);
  serving.engine.release();
  await settle();
  expect(serving.view('iris', '1')?.state).toBe('ready');
});

test('a load that finds the version resident is a cache hit, not a load', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1');
  expect((await serving.load('iris', '1')).cacheHit).toBe(true);
  expect(serving.engine.starts).toBe(1);
  expect(serving.manager.performance()).toMatchObject({
    totalLoads: 1,
    cacheHits: 1,
    cacheMisses: 1,
    cacheHitRate: 0.5,
  });
});

test('a second version is resident at weight 0', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('iris', '2');
  await serving.load('iris', '1');
  const { version } = await serving.load('iris', '2');
  expect(version).toMatchObject({ state: 'ready', serving: false, weight: 0 });
  expect(serving.view('iris', '1')?.serving).toBe(true);
});

test('an unknown model and an unknown version are told apart', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  expect(await codeOf(serving.load('tulip'))).toBe('model_not_found');
  expect(await codeOf(serving.load('iris', '7'))).toBe('version_not_found');
  expect(serving.manager.residentVersions()).toEqual([]);
});

test('a first load that fails leaves nothing behind but its count', async () => {
  await using serving = new Serving();
  const files = serving.catalog.add('iris', '1');
  serving.engine.unpreparable.set(files.modelPath, unloadable);
  await expect(serving.load('iris', '1')).rejects.toBe(unloadable);
  expect(serving.manager.residentVersions()).toEqual([]);
  expect(serving.store.desired.size).toBe(0);
  expect(serving.manager.performance()).toMatchObject({ totalLoads: 1, successfulLoads: 0, failedLoads: 1 });
});

test('a fetched file that does not load is discarded', async () => {
  await using serving = new Serving();
  serving.engine.startFailures.push(unloadable);
  await expect(serving.load('iris', '1', { source: 'https://models/iris.onnx' })).rejects.toBe(unloadable);
  expect(serving.source.discarded).toEqual(['iris@1']);
  expect(serving.engine.alive).toEqual([]);
});

test('a file that was in the catalog is never discarded', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.startFailures.push(unloadable);
  await codeOf(serving.load('iris', '1'));
  expect(serving.source.discarded).toEqual([]);
});

test('a load that nobody waits for tells its progress, and keeps the reason of its failure', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const { version } = await serving.load('iris', '1', { wait: false });
  expect(version.state).toBe('loading');
  await settle();
  expect(serving.view('iris', '1')?.progress?.phase).toBe('starting');
  serving.engine.startFailures.push(unloadable);
  serving.engine.release();
  await settle();
  expect(serving.view('iris', '1')).toMatchObject({
    state: 'failed',
    reason: 'not ONNX',
    health: { status: 'unhealthy' },
  });
});

test('no more than 32 failures that nobody waited for are remembered', async () => {
  await using serving = new Serving();
  serving.source.failure = new AppError('forbidden', 'outside the roots');
  for (let i = 0; i < 40; i += 1) await serving.load(`m${i}`, '1', { source: '/etc/passwd', wait: false });
  await settle();
  const names = serving.manager.residentVersions().map((view) => view.modelId);
  expect(names).toHaveLength(32);
  expect(names).not.toContain('m0');
  expect(names).toContain('m39');
});

test('a failed version is loaded anew by the next load', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.startFailures.push(unloadable);
  await serving.load('iris', '1', { wait: false });
  await settle();
  const { version, cacheHit } = await serving.load('iris', '1');
  expect(cacheHit).toBe(false);
  expect(version).toMatchObject({ state: 'ready', serving: true, reason: undefined });
});

test('a source loaded as "latest" becomes the next integer version', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '9');
  serving.catalog.add('iris', 'v20.1');
  expect((await serving.load('iris', 'latest', { source: '/in/a.onnx' })).version.version).toBe('10');
  expect((await serving.load('tulip', 'latest', { source: '/in/a.onnx' })).version.version).toBe('1');
});

test('the same source asked for twice at once is one new version, two sources are two', async () => {
  await using serving = new Serving();
  serving.engine.hold();
  const loads = ['/in/a.onnx', '/in/a.onnx', '/in/b.onnx'].map((source) => serving.load('iris', 'latest', { source }));
  await settle();
  loads.push(serving.load('iris', 'latest', { source: '/in/a.onnx' }));
  await settle();
  serving.engine.release();
  const versions = (await Promise.all(loads)).map((result) => result.version.version);
  expect(versions).toEqual(['1', '1', '2', '1']);
});

test('a source does not overwrite a version that is there', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  expect(await codeOf(serving.load('iris', '1', { source: '/in/a.onnx' }))).toBe('conflict');
  expect(serving.source.fetched).toEqual([]);
});

test('the same source for the same version again is a cache hit, another one a conflict', async () => {
  await using serving = new Serving();
  await serving.load('iris', '1', { source: '/in/a.onnx' });
  expect((await serving.load('iris', '1', { source: '/in/a.onnx' })).cacheHit).toBe(true);
  expect(await codeOf(serving.load('iris', '1', { source: '/in/b.onnx' }))).toBe('conflict');
});

test('options that differ from those of a resident version are a conflict that names them', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1', { options: { maxBatchSize: 8 } });
  expect((await serving.load('iris', '1', { options: { maxBatchSize: 8 } })).cacheHit).toBe(true);
  await expect(serving.load('iris', '1', { options: { maxBatchSize: 4 } })).rejects.toThrow(/max_batch_size/);
});

test('a list of options is the same where its members are', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const options = { preferredBatchSizes: [4, 8], maxQueueDelayUs: 500 };
  await serving.load('iris', '1', { options });
  expect((await serving.load('iris', '1', { options: { preferredBatchSizes: [4, 8] } })).cacheHit).toBe(true);
  await expect(serving.load('iris', '1', { options: { preferredBatchSizes: [8] } })).rejects.toThrow(
    /preferred_batch_sizes/,
  );
  expect(serving.engine.latest.spec).toMatchObject(options);
  expect(serving.view('iris', '1')).toMatchObject(options);
});

test('options of the request that contradict those of the manifest are refused before anything is started', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1', { manifest: { options: { preferredBatchSizes: [4, 16] }, labels: {} } });
  const load = serving.load('iris', '1', { options: { maxBatchSize: 8 } });
  await expect(load).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringContaining('preferred_batch_sizes has 16, and max_batch_size is 8.'),
  });
  expect([serving.engine.starts, serving.engine.prepared]).toEqual([0, []]);
});

test('options of the request go over those of the manifest', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1', { manifest: { options: { maxBatchSize: 4, warmUpRuns: 3 }, labels: {} } });
  await serving.load('iris', '1', { options: { maxBatchSize: 16 } });
  expect(serving.engine.latest.spec).toMatchObject({ maxBatchSize: 16, warmUpRuns: 3 });
});

test('a forced reload swaps to a fresh runner while the old one answers what it has', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1');
  const old = serving.engine.latest;
  serving.engine.behaviour = (_request, body) => (body === 'slow' ? undefined : '{}');
  const slow = serving.infer('iris', '1', { body: 'slow' });
  await serving.load('iris', '1', { forceReload: true });
  expect(serving.view('iris', '1')).toMatchObject({
    state: 'ready',
    serving: true,
    runnerPid: serving.engine.latest.pid,
  });
  expect(old.disposed).toBe(false);
  old.answerAll();
  await slow;
  await settle();
  expect(old.disposed).toBe(true);
  expect(serving.engine.alive).toEqual([serving.engine.latest]);
});

test('where a forced reload fails, the old runner goes on serving', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1');
  serving.engine.startFailures.push(unloadable);
  await expect(serving.load('iris', '1', { forceReload: true })).rejects.toBe(unloadable);
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', serving: true, progress: undefined });
  expect((await serving.infer('iris')).version).toBe('1');
});

test('what a load sets is recorded as desired', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1', { pinned: true, options: { warmUpRuns: 2 } });
  expect(serving.store.desired.get('iris@1')).toEqual({
    modelId: 'iris',
    version: '1',
    state: 'running',
    serving: true,
    pinned: true,
    options: { warmUpRuns: 2 },
    source: undefined,
  });
});

test('a store that does not write does not stop a model from serving', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.store.failure = new Error('disk full');
  await serving.load('iris', '1');
  expect((await serving.infer('iris')).version).toBe('1');
});

test('a forced reload keeps the options given before, unless it names its own', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1', { options: { maxBatchSize: 8 } });
  await serving.load('iris', '1', { forceReload: true });
  expect(serving.engine.latest.spec.maxBatchSize).toBe(8);
  await serving.load('iris', '1', { forceReload: true, options: { maxBatchSize: 2 } });
  expect(serving.engine.latest.spec.maxBatchSize).toBe(2);
});

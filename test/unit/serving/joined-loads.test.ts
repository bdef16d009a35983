import { expect, test } from 'vitest';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

/** A server on which a request has begun to load iris 1, with the defaults, and waits. */
async function underWay(): Promise<{ serving: Serving; request: Promise<unknown> }> {
  const serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const request = serving.infer('iris');
  await settle();
  return { serving, request };
}

const SHA = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);

test('a load that joins one under way still pins', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const load = serving.load('iris', '1', { pinned: true });
  await settle();
  serving.engine.release();
  await request;
  expect(await load).toMatchObject({ cacheHit: false, version: { pinned: true, serving: true } });
  expect(serving.store.desired.get('iris@1')?.pinned).toBe(true);
  expect(serving.engine.starts).toBe(1);
});

test('also when nobody waits for it', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  expect((await serving.load('iris', '1', { pinned: true, wait: false })).version.state).toBe('loading');
  serving.engine.release();
  await request;
  await settle();
  expect(serving.view('iris', '1')?.pinned).toBe(true);
  expect(serving.store.desired.get('iris@1')?.pinned).toBe(true);
});

test.each([true, false])('a load that joins one with other options is a conflict (wait: %s)', async (wait) => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const load = serving.load('iris', '1', { options: { maxBatchSize: 4 }, wait });
  const refused = expect(load).rejects.toMatchObject({ code: 'conflict', message: /maxBatchSize/ });
  await settle();
  serving.engine.release();
  await refused;
  await request;
  expect(serving.view('iris', '1')?.maxBatchSize).toBe(32);
});

test('a load with the options that the version turns out to have is none', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const load = serving.load('iris', '1', { options: { maxBatchSize: 32 } });
  await settle();
  serving.engine.release();
  await request;
  expect((await load).version.maxBatchSize).toBe(32);
});

test('a load that joins makes the version serve where nobody does', async () => {
  await using serving = new Serving();
  for (const version of ['1', '2']) serving.catalog.add('iris', version);
  await serving.load('iris', '2');
  await serving.unload('iris');
  serving.engine.hold();
  const request = serving.infer('iris', '1');
  await settle();
  const load = serving.load('iris', '1');
  await settle();
  serving.engine.release();
  await request;
  expect((await load).version.serving).toBe(true);
});

test('a forced reload does not join what began before it, and waits for it', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const reload = serving.load('iris', '1', { forceReload: true, options: { maxBatchSize: 4 } });
  await settle();
  expect(serving.engine.starts).toBe(1);
  serving.engine.release();
  await request;
  expect((await reload).version).toMatchObject({ maxBatchSize: 4, serving: true });
  expect(serving.engine.starts).toBe(2);
});

test('forced reloads that come at once share the one that follows', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const reloads = Array.from({ length: 5 }, () => serving.load('iris', '1', { forceReload: true }));
  await settle();
  serving.engine.release();
  await Promise.all([request, ...reloads]);
  expect(serving.engine.starts).toBe(2);
});

test('a forced reload goes on where the load before it failed or was given up', async () => {
  const { serving, request } = await underWay();
  await using _ = serving;
  const outcome = codeOf(request);
  const reload = serving.load('iris', '1', { forceReload: true });
  await settle();
  await serving.unload('iris', '1');
  serving.engine.release();
  expect(await outcome).toBe('not_ready');
  expect((await reload).version.state).toBe('ready');
});

test.each([true, false])(
  'a load of the same source with another digest is not given the one under way (%s)',
  async (wait) => {
    await using serving = new Serving();
    serving.engine.hold();
    const first = serving.load('iris', '1', { source: '/in/a.onnx', sha256: SHA });
    await settle();
    // The file is on disk by now.
    const same = serving.load('iris', '1', { source: '/in/a.onnx', sha256: SHA, wait });
    const other = codeOf(serving.load('iris', '1', { source: '/in/a.onnx', sha256: OTHER, wait }));
    await settle();
    serving.engine.release();
    expect((await first).version.digest).toBe(SHA);
    expect((await same).version.version).toBe('1');
    expect(await other).toBe('conflict');
  },
);

test.each([true, false])('nor while its file is being fetched (wait: %s)', async (wait) => {
  await using serving = new Serving();
  const { promise, resolve } = Promise.withResolvers<void>();
  const fetch = serving.source.fetch.bind(serving.source);
  serving.source.fetch = (request) => promise.then(() => fetch(request));
  const first = serving.load('iris', '1', { source: '/in/a.onnx' });
  await settle();
  const other = codeOf(serving.load('iris', '1', { source: '/in/a.onnx', sha256: OTHER, wait }));
  const elsewhere = codeOf(serving.load('iris', '1', { source: '/in/b.onnx', wait }));
  await settle();
  resolve();
  await first;
  expect([await other, await elsewhere]).toEqual(['conflict', 'conflict']);
});

test('a source as "latest" with another digest is another version, and another load', async () => {
  await using serving = new Serving();
  serving.engine.hold();
  const loads = [undefined, SHA, SHA].map((sha256) => serving.load('iris', 'latest', { source: '/in/a.onnx', sha256 }));
  await settle();
  loads.push(serving.load('iris', 'latest', { source: '/in/a.onnx', sha256: SHA }));
  loads.push(serving.load('iris', 'latest', { source: '/in/a.onnx', sha256: SHA, forceReload: true }));
  const wrong = codeOf(serving.load('iris', 'latest', { source: '/in/a.onnx', sha256: OTHER }));
  await settle();
  serving.engine.release();
  expect((await Promise.all(loads)).map(({ version }) => version.version)).toEqual(['1', '2', '2', '2', '3']);
  expect(await wrong).toBe('model_unloadable');
});

test('a hit with another digest is a conflict that says both', async () => {
  await using serving = new Serving();
  await serving.load('iris', '1', { source: '/in/a.onnx' });
  const hit = await serving.load('iris', '1', { source: '/in/a.onnx', sha256: SHA });
  expect(hit.cacheHit).toBe(true);
  await expect(serving.load('iris', '1', { source: '/in/a.onnx', sha256: OTHER })).rejects.toMatchObject({
    code: 'conflict',
    details: { expected: OTHER, actual: SHA },
  });
  expect(serving.manager.performance().cacheHits).toBe(1);
});

import { expect, test } from 'vitest';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, DRAIN_LIMIT_MS, Serving } from '../../helpers/serving/serving.ts';

async function twoVersions(): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('iris', '2');
  await serving.load('iris', '1');
  await serving.load('iris', '2');
  return serving;
}

test('an unload ends the runner and notes that a person wanted it', async () => {
  await using serving = await twoVersions();
  expect(await serving.unload('iris', '2')).toEqual({ modelId: 'iris', unloaded: ['2'] });
  expect(serving.view('iris', '2')).toBeUndefined();
  expect(serving.engine.alive).toHaveLength(1);
  expect(serving.store.desired.get('iris@2')).toMatchObject({ state: 'stopped', serving: false });
  expect(serving.manager.performance().unloads).toBe(1);
});

test('an unload without a version unloads all of them', async () => {
  await using serving = await twoVersions();
  expect((await serving.unload('iris')).unloaded).toEqual(['1', '2']);
  expect(serving.engine.alive).toEqual([]);
  expect(serving.manager.residentVersions()).toEqual([]);
});

test('requests in flight are answered before the runner is stopped', async () => {
  await using serving = await twoVersions();
  serving.engine.behaviour = () => undefined;
  const runner = serving.engine.runners[0];
  const answer = serving.infer('iris', '1');
  const unload = serving.unload('iris', '1');
  await settle();
  expect(serving.view('iris', '1')?.state).toBe('draining');
  expect(runner?.disposed).toBe(false);
  expect(await codeOf(serving.infer('iris', '1'))).toBe('not_ready');
  runner?.answerAll();
  expect((await answer).version).toBe('1');
  await unload;
  expect(runner?.disposed).toBe(true);
});

test('what does not end within the drain limit is refused', async () => {
  await using serving = await twoVersions();
  serving.engine.behaviour = () => undefined;
  const outcome = codeOf(serving.infer('iris', '1', { timeoutMs: 30_000 }));
  const unload = serving.unload('iris', '1');
  await serving.clock.advance(DRAIN_LIMIT_MS);
  expect(await outcome).toBe('not_ready');
  await unload;
  expect(serving.view('iris', '1')).toBeUndefined();
});

test('two unloads at once are one', async () => {
  await using serving = await twoVersions();
  await Promise.all([serving.unload('iris', '1'), serving.unload('iris', '1')]);
  expect(serving.manager.performance().unloads).toBe(1);
});

test('no other version takes the place of the one that served', async () => {
  await using serving = await twoVersions();
  await serving.unload('iris', '1');
  expect(serving.view('iris', '2')?.serving).toBe(false);
  expect(await codeOf(serving.infer('iris'))).toBe('not_ready');
  expect((await serving.infer('iris', '2')).version).toBe('2');
});

test('after that the next load of any version is the first again, resident or not', async () => {
  await using serving = await twoVersions();
  await serving.unload('iris', '1');
  const { version, cacheHit } = await serving.load('iris', '2');
  expect(cacheHit).toBe(true);
  expect(version.serving).toBe(true);
  expect(serving.store.desired.get('iris@2')?.serving).toBe(true);
});

test('what is not loaded can not be unloaded', async () => {
  await using serving = await twoVersions();
  serving.catalog.add('iris', '3');
  expect(await codeOf(serving.unload('tulip'))).toBe('model_not_found');
  await expect(serving.unload('iris', '3')).rejects.toThrow(/is loaded|not loaded/);
  expect(await codeOf(serving.unload('iris', '3'))).toBe('version_not_found');
});

test('unloading a version that is being loaded cancels the load', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const load = codeOf(serving.load('iris', '1'));
  await settle();
  await serving.unload('iris', '1');
  expect(await load).toBe('conflict');
  expect(serving.manager.residentVersions()).toEqual([]);
  serving.engine.release();
  await settle();
  expect(serving.engine.alive).toEqual([]);
});

test('unloading a version that is being reloaded ends both instances', async () => {
  await using serving = await twoVersions();
  serving.engine.hold();
  const reload = codeOf(serving.load('iris', '1', { forceReload: true }));
  await settle();
  await serving.unload('iris', '1');
  serving.engine.release();
  expect(await reload).toBe('conflict');
  expect(serving.view('iris', '1')).toBeUndefined();
  expect(serving.engine.alive).toHaveLength(1);
});

test('a load of a version that is draining waits, and loads it anew', async () => {
  await using serving = await twoVersions();
  serving.engine.behaviour = () => undefined;
  const runner = serving.engine.runners[0];
  const answer = serving.infer('iris', '1');
  const unload = serving.unload('iris', '1');
  await settle();
  const load = serving.load('iris', '1');
  await settle();
  expect(serving.engine.starts).toBe(2);
  serving.engine.behaviour = () => '{"outputs":[]}';
  runner?.answerAll();
  await Promise.all([answer, unload]);
  expect((await load).version.state).toBe('ready');
});

test('a failed version can be unloaded', async () => {
  await using serving = await twoVersions();
  for (let i = 0; i < 5; i += 1) {
    serving.engine.alive.find((runner) => runner.spec.version === '2')?.crash();
    await serving.clock.advance(500);
  }
  expect(serving.view('iris', '2')?.state).toBe('failed');
  await serving.unload('iris', '2');
  expect(serving.manager.residentVersions().map((view) => view.version)).toEqual(['1']);
});

test('draining refuses management and lets inference go on', async () => {
  await using serving = await twoVersions();
  serving.manager.beginDrain();
  expect(serving.manager.notReadyReason()).toMatch(/draining/);
  expect(await codeOf(serving.load('iris', '1'))).toBe('draining');
  expect(await codeOf(serving.unload('iris', '1'))).toBe('draining');
  expect((await serving.infer('iris')).version).toBe('1');
});

test('disposing ends loads under way and every runner', async () => {
  const serving = await twoVersions();
  serving.catalog.add('tulip', '1');
  serving.engine.hold();
  const load = codeOf(serving.load('tulip', '1'));
  await settle();
  await serving[Symbol.asyncDispose]();
  expect(await load).toBe('draining');
  expect(serving.engine.alive).toEqual([]);
  expect(serving.clock.pendingTimers).toBe(0);
});

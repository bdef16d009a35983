import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

test('an inference loads the latest version of a model that is on disk, and it serves from then on', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('iris', '2');
  expect((await serving.infer('iris')).version).toBe('2');
  expect(serving.view('iris', '2')?.serving).toBe(true);
  expect(serving.store.desired.get('iris@2')?.state).toBe('running');
});

test('inferences that come at once share one load', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const replies = await Promise.all(Array.from({ length: 8 }, () => serving.infer('iris')));
  expect(replies.map((reply) => reply.version)).toEqual(Array(8).fill('1'));
  expect(serving.engine.starts).toBe(1);
});

test('inferences share one load however long each of them looks for the files', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const find = serving.catalog.find.bind(serving.catalog);
  let searches = 0;
  serving.catalog.find = async (modelId) => {
    searches += 1;
    for (let turn = 0; turn < searches * 7; turn += 1) await Promise.resolve();
    return find(modelId);
  };
  const replies = await Promise.all(Array.from({ length: 10 }, () => serving.infer('iris')));
  expect(replies.map((reply) => reply.version)).toEqual(Array(10).fill('1'));
  expect(serving.engine.starts).toBe(1);
});

test('an inference that names a version loads that one', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('iris', '2');
  await serving.infer('iris');
  expect((await serving.infer('iris', '1')).version).toBe('1');
  expect(serving.view('iris', '1')?.serving).toBe(false);
});

test('a request tells its runner when it arrived, before the load that it waited for', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const arrivedAtMs = serving.clock.monotonicMs();
  const answer = serving.infer('iris');
  await serving.clock.advance(700);
  serving.engine.release();
  await answer;
  expect(serving.engine.latest.requests.at(-1)?.arrivedAtMs).toBe(arrivedAtMs);
});

test('unknown models and versions are told apart', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  expect(await codeOf(serving.infer('tulip'))).toBe('model_not_found');
  expect(await codeOf(serving.infer('iris', '9'))).toBe('version_not_found');
});

test('who waits for a load waits no longer than the deadline, and the load goes on', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const outcome = codeOf(serving.infer('iris', undefined, { timeoutMs: 250 }));
  await serving.clock.advance(250);
  expect(await outcome).toBe('deadline_exceeded');
  serving.engine.release();
  await settle();
  expect((await serving.infer('iris')).version).toBe('1');
  expect(serving.engine.starts).toBe(1);
});

test('who waits for a load and goes away gives its body back, and the load goes on', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const controller = new AbortController();
  const outcomes = Array.from({ length: 50 }, () => codeOf(serving.infer('iris', '1', { signal: controller.signal })));
  await settle();
  expect(serving.payloads.usedBytes).toBeGreaterThan(0);
  controller.abort();
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['request_cancelled']));
  expect(serving.payloads.usedBytes).toBe(0);
  // Only the load's own limit is left.
  expect(serving.clock.pendingTimers).toBe(1);
  serving.engine.release();
  expect((await serving.infer('iris')).version).toBe('1');
  expect(serving.engine.starts).toBe(1);
});

test('no more requests wait for the load of a model than may wait for a version', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('tulip', '1');
  serving.engine.hold();
  const leaving = new AbortController();
  const waiting = Array.from({ length: 1000 }, (_, index) =>
    codeOf(serving.infer('iris', undefined, index === 0 ? { signal: leaving.signal } : {})),
  );
  await expect(serving.infer('iris')).rejects.toMatchObject({ code: 'queue_full', retryAfterS: 1 });
  // Each model has places of its own, and a place that was left is free again.
  const other = codeOf(serving.infer('tulip'));
  leaving.abort();
  expect(await waiting[0]).toBe('request_cancelled');
  const late = codeOf(serving.infer('iris'));
  serving.engine.release();
  expect(new Set(await Promise.all([...waiting.slice(1), late, other]))).toEqual(new Set(['succeeded']));
  expect(await codeOf(serving.infer('iris'))).toBe('succeeded');
});

test('a stopped model is not loaded by a request', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.catalog.add('iris', '2');
  await serving.load('iris', '1');
  await serving.unload('iris', '1');
  await expect(serving.infer('iris', '1')).rejects.toMatchObject({ code: 'not_ready', next: 'Load iris version 1.' });
  expect(await codeOf(serving.infer('iris'))).toBe('not_ready');
  expect(serving.manager.residentVersions()).toEqual([]);
});

test('a request does not decide who serves where only versions at weight 0 are left', async () => {
  await using serving = new Serving();
  for (const version of ['1', '2', '3']) serving.catalog.add('iris', version);
  await serving.load('iris', '1');
  await serving.load('iris', '2');
  await serving.unload('iris', '1');
  expect(await codeOf(serving.infer('iris'))).toBe('not_ready');
  expect(serving.view('iris', '3')).toBeUndefined();
});

test('without loading on demand the answer says what to load', async () => {
  await using serving = new Serving({ loadOnDemand: false });
  serving.catalog.add('iris', '1');
  await expect(serving.infer('iris')).rejects.toMatchObject({ code: 'not_ready', next: 'Load iris version 1.' });
  expect(serving.engine.starts).toBe(0);
});

test('a file that does not load is tried once, not by every request', async () => {
  await using serving = new Serving();
  const files = serving.catalog.add('iris', '1');
  serving.engine.unpreparable.set(files.modelPath, new AppError('model_unloadable', 'not ONNX'));
  await expect(serving.infer('iris')).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringMatching(/not ONNX/),
  });
  await expect(serving.infer('iris', '1')).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringMatching(/not ONNX/),
  });
  expect(serving.engine.prepared).toHaveLength(1);
  expect(serving.manager.performance()).toMatchObject({ totalRequests: 2, failedRequests: 2 });
});

test('an inference joins the load that a person began', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const load = serving.load('iris', '1');
  await settle();
  const answer = serving.infer('iris');
  serving.engine.release();
  await load;
  expect((await answer).version).toBe('1');
  expect(serving.engine.starts).toBe(1);
});

test('nothing is loaded on demand while the server drains', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.manager.beginDrain();
  expect(await codeOf(serving.infer('iris'))).toBe('not_ready');
});

test('whether a request would be answered is told without loading anything', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  const iris = parseModelId('iris');
  expect(await serving.manager.canAnswer(iris, undefined)).toBe(true);
  expect(serving.engine.starts).toBe(0);
  await serving.load('iris');
  expect(await serving.manager.canAnswer(iris, parseVersion('1'))).toBe(true);
  await serving.unload('iris');
  expect(await serving.manager.canAnswer(iris, undefined)).toBe(false);
  expect(await codeOf(serving.manager.canAnswer(parseModelId('tulip'), undefined))).toBe('model_not_found');
});

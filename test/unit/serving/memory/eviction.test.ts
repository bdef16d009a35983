import { expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { codeOf } from '../../../helpers/serving/serving.ts';

test('a load evicts exactly what it needs, least recently used first', async () => {
  await using serving = await Budgeted.start(4);
  for (const name of ['m0', 'm1', 'm2', 'm3']) await serving.load(name);
  await serving.clock.advance(1000);
  await serving.infer('m0');
  serving.weigh('large', 2 * GB, '1', false);
  serving.engine.weightBytes.set('/models/large/1/model.onnx', 1.4 * GB);
  await serving.load('large');
  expect(serving.resident).toEqual(['large', 'm0', 'm3']);
  expect(serving.manager.performance()).toMatchObject({
    evictions: { memory: 2, keep_alive: 0 },
    lastEvictionAgeMs: 1000,
  });
});

test('a load that can not fit is refused with the figures, and nothing is evicted', async () => {
  await using serving = await Budgeted.start(3);
  await serving.load('m0', '1', { pinned: true });
  await serving.load('m1');
  serving.weigh('large', 3 * GB);
  const before = serving.manager.memory();
  const refusal = await serving.load('large').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(AppError);
  expect(refusal).toMatchObject({
    code: 'insufficient_memory',
    message: expect.stringMatching(
      /large@1 needs 3\.\d+ GB; of the memory budget of 3\.00 GB, 1\.00 GB are free and 1\.00 GB could be freed/,
    ),
    next: expect.stringMatching(/m0@1 \(1\.00 GB, pinned\)|Raise --memory-budget/),
    details: { free_bytes: GB, could_be_freed_bytes: GB, budget_bytes: 3 * GB },
  });
  expect(serving.resident).toEqual(['m0', 'm1']);
  expect(serving.manager.memory()).toEqual(before);
  expect(serving.view('large', '1')).toBeUndefined();
});

test('a version that answers a request is never stopped under it: the load waits, and goes on when it is idle', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  const runner = serving.engine.latest;
  serving.engine.behaviour = () => undefined;
  const answer = serving.infer('m0');
  const load = serving.load('m1');
  await serving.clock.advance(9000);
  expect(serving.budget).toMatchObject({ loadsWaiting: 1, usedBytes: GB });
  expect(runner.disposed).toBe(false);
  serving.engine.behaviour = () => '{"outputs":[]}';
  runner.answerAll();
  expect((await answer).version).toBe('1');
  expect((await load).version.state).toBe('ready');
  expect(serving.resident).toEqual(['m1']);
  expect(serving.budget.loadsWaiting).toBe(0);
});

test('a load waits for busy versions no longer than the limit, and is refused with who holds the memory', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  serving.engine.behaviour = () => undefined;
  const answer = serving.infer('m0');
  const refusal = serving.load('m1').catch((error: unknown) => error);
  await serving.clock.advance(10_000);
  expect(await refusal).toMatchObject({
    code: 'insufficient_memory',
    retryAfterS: 5,
    details: { could_be_freed_later_bytes: GB, holders: [{ model: 'm0@1', bytes: GB, reason: 'busy' }] },
  });
  serving.engine.latest.answerAll();
  await answer;
});

test('loads side by side can not overshoot the budget together', async () => {
  await using serving = await Budgeted.start(2);
  serving.engine.hold();
  const loads = ['m0', 'm1', 'm2'].map((name) => codeOf(serving.load(name)));
  await settle();
  expect(serving.budget).toMatchObject({ usedBytes: 0, reservedBytes: 2 * GB, freeBytes: 0 });
  expect(serving.engine.starts).toBe(2);
  serving.engine.release();
  expect(await Promise.all(loads)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(serving.resident).toHaveLength(2);
});

test('what is pinned stays, and a version that is the only one of a pinned model too', async () => {
  await using serving = await Budgeted.start(2);
  await serving.load('m0', '1', { pinned: true });
  await serving.load('m1');
  await serving.load('m2');
  expect(serving.resident).toEqual(['m0', 'm2']);
});

test('an evicted model comes back with its first request; one that a person unloaded does not', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  await serving.load('m1');
  expect(serving.resident).toEqual(['m1']);
  expect((await serving.infer('m0')).version).toBe('1');
  expect(serving.resident).toEqual(['m0']);
  await serving.unload('m0');
  expect(await codeOf(serving.infer('m0'))).toBe('not_ready');
});

test('a request for a version that is just being evicted waits for it and loads it again', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  const letStop = serving.engine.latest.holdStop();
  const load = serving.load('m1');
  await settle();
  expect(serving.view('m0', '1')?.state).toBe('draining');
  const answer = serving.infer('m0');
  letStop();
  await load;
  expect((await answer).version).toBe('1');
});

test('ten first requests at once are one load and ten answers, and who goes away does not stop it for the others', async () => {
  await using serving = await Budgeted.start(1);
  serving.engine.hold();
  const leaving = new AbortController();
  const outcomes = Array.from({ length: 10 }, (_, index) =>
    codeOf(serving.infer('m0', undefined, index === 3 ? { signal: leaving.signal } : {})),
  );
  await settle();
  leaving.abort();
  serving.engine.release();
  const codes = await Promise.all(outcomes);
  expect(codes.toSpliced(3, 1)).toEqual(Array(9).fill('succeeded'));
  expect(codes[3]).toBe('request_cancelled');
  expect(serving.engine.starts).toBe(1);
  expect(serving.manager.performance()).toMatchObject({ cacheMisses: 1, cacheHits: 9 });
});

test('a version is not evicted between the end of its load and the requests that waited for it', async () => {
  await using serving = await Budgeted.start(1);
  const outcomes = ['m0', 'm1', 'm2', 'm3', 'm0', 'm1'].map((name) => codeOf(serving.infer(name)));
  await serving.clock.advance(1);
  expect(await Promise.all(outcomes)).toEqual(Array(6).fill('succeeded'));
});

test('a request whose model does not fit is refused, and answered once there is room', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0', '1', { pinned: true });
  expect(await codeOf(serving.infer('m1'))).toBe('insufficient_memory');
  expect(serving.view('m1', '1')).toBeUndefined();
  await serving.unload('m0');
  expect((await serving.infer('m1')).version).toBe('1');
});

test('a version that is loaded anew beside itself needs room for both, and goes on answering where there is none', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  expect(await codeOf(serving.load('m0', '1', { forceReload: true }))).toBe('insufficient_memory');
  expect((await serving.infer('m0')).version).toBe('1');
});

test('a restart loads what fits beside each other, and leaves the rest to their first requests', async () => {
  const first = await Budgeted.start(4);
  for (const name of ['m0', 'm1', 'm2', 'm3']) await first.load(name);
  await first[Symbol.asyncDispose]();
  await using second = new Budgeted({ memory: { budgetBytes: 2 * GB, waitMs: 10_000 } }, first.store);
  for (const name of ['m0', 'm1', 'm2', 'm3']) second.weigh(name, GB);
  await second.manager.start();
  await second.manager.restored;
  expect(second.resident).toHaveLength(2);
  expect(second.manager.performance().evictions.memory).toBe(0);
  for (const name of ['m0', 'm1', 'm2', 'm3']) expect((await second.infer(name)).modelId).toBe(name);
});

test('on a trace of requests it hits as often as an LRU of its size', async () => {
  const holds = 10;
  await using serving = await Budgeted.start(holds, 30);
  let state = 7;
  const order: number[] = [];
  let hits = 0;
  for (let request = 0; request < 600; request += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    // Skewed: small numbers are asked for more often.
    const model = Math.floor(30 * (state / 2 ** 32) ** 2);
    const at = order.indexOf(model);
    if (at !== -1) {
      hits += 1;
      order.splice(at, 1);
    } else if (order.length === holds) order.pop();
    order.unshift(model);
    await serving.infer(`m${model}`);
  }
  const { cacheHits, cacheMisses, evictions } = serving.manager.performance();
  expect({ cacheHits, cacheMisses }).toEqual({ cacheHits: hits, cacheMisses: 600 - hits });
  expect(evictions.memory).toBe(600 - hits - holds);
});

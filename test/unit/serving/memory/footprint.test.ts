import { expect, test } from 'vitest';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';

const MB = 1e6;

test('what was measured takes the place of the estimate, from the next load on and over a restart', async () => {
  const first = await Budgeted.start(8, 0);
  first.weigh('iris', GB, '1', false);
  await first.load('iris');
  const { allocation } = first.view('iris', '1') ?? {};
  expect(allocation?.totalBytes).toBeGreaterThan(1.25 * GB);
  expect(first.view('iris', '1')).toMatchObject({ measuredBytes: GB, peakBytes: GB + 5 * MB });
  expect([...first.store.footprints.values()]).toMatchObject([{ footprintBytes: GB, peakBytes: GB + 5 * MB }]);
  await first[Symbol.asyncDispose]();

  await using second = new Budgeted({ memory: { budgetBytes: 1.1 * GB, waitMs: 0 } }, first.store);
  second.weigh('iris', GB, '1', false);
  await second.manager.start();
  await second.manager.restored;
  expect(second.view('iris', '1')).toMatchObject({ state: 'ready', reservedBytes: GB });
});

test('other options are another footprint', async () => {
  await using serving = await Budgeted.start(8, 1);
  await serving.load('m0', '1', { options: { maxBatchSize: 4 } });
  expect(serving.view('m0', '1')?.reservedBytes).toBeGreaterThan(1.25 * GB);
});

test('an estimate that was too low is told and counted, and others make room for what is used', async () => {
  await using serving = await Budgeted.start(3, 2);
  await serving.load('m0');
  await serving.load('m1');
  serving.weigh('heavy', GB, '1', false);
  serving.engine.weightBytes.set('/models/heavy/1/model.onnx', 100 * MB);
  const start = serving.engine.start.bind(serving.engine);
  serving.engine.start = async (spec, signal) => {
    const runner = await start(spec, signal);
    serving.engine.latest.footprintBytes = 1.5 * GB;
    return runner;
  };
  await serving.load('heavy');
  await serving.clock.advance(1);
  expect(serving.manager.performance().footprintDrifts).toBe(1);
  expect(serving.resident).toEqual(['heavy', 'm1']);
  expect(serving.budget.usedBytes).toBe(2.5 * GB);
  // It needs so much: it is not replaced for it.
  await serving.clock.advance(10_000);
  expect(serving.manager.performance().runnerRecycles).toBe(0);
});

test('hundreds of versions are measured one after the other with pauses, not all at one go', async () => {
  const versions = 250;
  await using serving = await Budgeted.start(versions + 1, versions);
  for (let index = 0; index < versions; index += 1) await serving.load(`m${index}`);
  await serving.clock.advance(5000);
  serving.engine.latest.footprintBytes = 0.9 * GB;
  await serving.clock.advance(9000);
  expect(serving.view(`m${versions - 1}`, '1')).toMatchObject({ measuredBytes: GB });
  await serving.clock.advance(1000);
  expect(serving.view(`m${versions - 1}`, '1')).toMatchObject({ measuredBytes: 0.9 * GB });
});

test('growth while it serves is told once, and recycled when the version is idle, without losing a request', async () => {
  await using serving = await Budgeted.start(8, 1);
  await serving.load('m0');
  const grown = serving.engine.latest;
  serving.engine.behaviour = () => undefined;
  const answer = serving.infer('m0');
  grown.footprintBytes = 1.4 * GB;
  await serving.clock.advance(15_000);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, runnerRecycles: 0 });
  grown.answerAll();
  expect((await answer).version).toBe('1');

  serving.engine.hold();
  await serving.clock.advance(5000);
  expect(grown.disposed).toBe(true);
  // It is on its way: who asks meanwhile waits, and is answered.
  const meanwhile = serving.infer('m0');
  serving.engine.behaviour = () => '{"outputs":[]}';
  serving.engine.release();
  expect((await meanwhile).version).toBe('1');
  await serving.clock.advance(0);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, runnerRecycles: 1, runnerRestarts: 0 });
  expect(serving.view('m0', '1')).toMatchObject({ measuredBytes: GB, reservedBytes: 1.4 * GB });

  // It may grow to that again without being replaced for it.
  serving.engine.latest.footprintBytes = 1.4 * GB;
  await serving.clock.advance(10_000);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, runnerRecycles: 1 });
});

test('footprints that grow above the budget have idle versions evicted', async () => {
  await using serving = await Budgeted.start(3, 3);
  for (const name of ['m0', 'm1', 'm2']) await serving.load(name);
  const [, , newest] = serving.engine.runners;
  if (newest !== undefined) newest.footprintBytes = 1.2 * GB;
  await serving.clock.advance(5000);
  expect(serving.resident).toEqual(['m1', 'm2']);
  expect(serving.budget).toMatchObject({ usedBytes: 2.2 * GB });
});

test('pages of the arenas are in what is used, and idle versions make room for them', async () => {
  await using serving = await Budgeted.start(2, 3);
  serving.engine.arenaBytes = 100 * MB;
  await serving.load('m0');
  expect(serving.budget).toMatchObject({ usedBytes: GB + 100 * MB, arenaBytes: 100 * MB, freeBytes: 900 * MB });
  await serving.load('m1');
  expect(serving.resident).toEqual(['m1']);
  serving.engine.arenaBytes = 0;
  await serving.load('m2');
  expect(serving.resident).toEqual(['m1', 'm2']);
});

test('a fresh runner is measured when it has taken the place of one that crashed', async () => {
  await using serving = await Budgeted.start(8, 1);
  await serving.load('m0');
  serving.engine.latest.crash();
  serving.engine.weightBytes.set('/models/m0/1/model.onnx', 1.1 * GB);
  await serving.clock.advance(1);
  expect(serving.view('m0', '1')?.measuredBytes).toBe(1.1 * GB + serving.engine.runnerBaseBytes);
});

test('a version that failed, or whose load failed, holds no memory', async () => {
  await using serving = await Budgeted.start(8, 2);
  await serving.load('m0');
  for (let crash = 0; crash < 5; crash += 1) {
    serving.engine.latest.crash();
    await serving.clock.advance(2000);
  }
  expect(serving.view('m0', '1')).toMatchObject({ state: 'failed', reservedBytes: undefined });
  serving.engine.startFailures.push(new Error('no') as never);
  await serving.load('m1').catch(() => undefined);
  await settle();
  expect(serving.budget).toMatchObject({ usedBytes: 0, reservedBytes: 0, freeBytes: 8 * GB });
});

test('an idle version is evicted when it was not used for as long as it is to be kept; a pinned one is not', async () => {
  await using serving = await Budgeted.start(8, 3);
  await serving.load('m0', '1', { options: { keepAliveMs: 60_000 } });
  await serving.load('m1', '1', { options: { keepAliveMs: 60_000 }, pinned: true });
  await serving.load('m2');
  await serving.clock.advance(50_000);
  await serving.infer('m0');
  await serving.clock.advance(50_000);
  expect(serving.resident).toEqual(['m0', 'm1', 'm2']);
  await serving.clock.advance(10_000);
  expect(serving.resident).toEqual(['m1', 'm2']);
  expect(serving.manager.performance().evictions).toEqual({ memory: 0, keep_alive: 1 });
  await serving.load('m1', '1', { pinned: false });
  await serving.clock.advance(120_000);
  expect(serving.resident).toEqual(['m2']);
  expect((await serving.infer('m0')).version).toBe('1');
});

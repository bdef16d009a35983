import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion } from '../../../src/core/model/version.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

const iris = parseModelId('iris');

async function populated(): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('iris', '10', { manifest: { options: { maxBatchSize: 4 }, labels: {}, description: 'newest' } });
  serving.catalog.add('iris', '9', { manifest: { options: {}, labels: {}, description: 'flowers' } });
  serving.catalog.add('tulip', '1');
  await serving.load('iris', '9');
  return serving;
}

test('models are listed by name, resident or not, their versions oldest first', async () => {
  await using serving = await populated();
  const models = await serving.manager.listModels();
  expect(models.map((model) => model.modelId)).toEqual(['iris', 'tulip']);
  expect(models[0]?.versions.map((view) => [view.version, view.state])).toEqual([
    ['9', 'ready'],
    ['10', 'absent'],
  ]);
  expect(models[0]).toMatchObject({ servingVersion: '9', latestVersion: '10', description: 'flowers' });
});

test('a version that is resident is told of though its files have gone', async () => {
  await using serving = await populated();
  serving.catalog.remove('iris', '9');
  serving.catalog.remove('iris', '10');
  expect((await serving.manager.describeModel(iris)).versions.map((view) => view.version)).toEqual(['9']);
});

test('without a version the one that serves is described, and where none does the latest', async () => {
  await using serving = await populated();
  expect((await serving.manager.describeVersion(iris, undefined)).version).toBe('9');
  expect((await serving.manager.describeVersion(iris, parseVersion('10'))).maxBatchSize).toBe(4);
  await serving.unload('iris');
  expect(await serving.manager.describeVersion(iris, undefined)).toMatchObject({ version: '10', state: 'absent' });
});

test('a version that is not loaded is described by its file, which is read once', async () => {
  await using serving = await populated();
  const before = serving.engine.prepared.length;
  const views = [1, 2, 3].map(() => serving.manager.describeVersion(iris, parseVersion('10')));
  for (const view of await Promise.all(views)) expect(view).toMatchObject({ state: 'absent', digest: 'ab'.repeat(32) });
  expect(serving.engine.prepared.slice(before)).toEqual(['/models/iris/10/model.onnx']);
});

test('files are read two at a time, in the order in which they were asked for', async () => {
  await using serving = new Serving();
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) serving.catalog.add(name, '1');
  const gates = names.map(() => Promise.withResolvers<void>());
  const prepare = serving.engine.prepare.bind(serving.engine);
  const begun: string[] = [];
  serving.engine.prepare = async (path, signal) => {
    await gates[begun.push(path) - 1]?.promise;
    return prepare(path, signal);
  };
  const views = names.map((name) => serving.manager.describeVersion(parseModelId(name), undefined));
  await settle();
  expect(begun).toEqual(['/models/a/1/model.onnx', '/models/b/1/model.onnx']);
  // However long it waits for its turn, it is not asked for twice.
  await serving.clock.advance(100_000);
  const again = serving.manager.describeVersion(parseModelId('e'), undefined);
  gates[1]?.resolve();
  await settle();
  expect(begun.slice(2)).toEqual(['/models/c/1/model.onnx']);
  for (const gate of gates) gate.resolve();
  for (const view of await Promise.all([...views, again])) expect(view.digest).toBe('ab'.repeat(32));
  expect(begun).toEqual(names.map((name) => `/models/${name}/1/model.onnx`));
});

test('what was read of a file counts for a minute', async () => {
  await using serving = await populated();
  const before = serving.engine.prepared.length;
  const look = () => serving.manager.describeVersion(iris, parseVersion('10'));
  await look();
  await serving.clock.advance(59_999);
  await look();
  expect(serving.engine.prepared.length - before).toBe(1);
  await serving.clock.advance(1);
  await look();
  expect(serving.engine.prepared.length - before).toBe(2);
});

test('the end of the server ends the reading of files, and what waits for its turn', async () => {
  const serving = new Serving();
  for (const name of ['a', 'b', 'c']) serving.catalog.add(name, '1');
  const signals: AbortSignal[] = [];
  serving.engine.prepare = (_path, signal) => {
    signals.push(signal);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const views = ['a', 'b', 'c'].map((name) => serving.manager.describeVersion(parseModelId(name), undefined));
  await settle();
  await serving[Symbol.asyncDispose]();
  expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
  for (const view of await Promise.all(views)) {
    expect(view).toMatchObject({ state: 'absent', reason: 'the server is shutting down' });
  }
});

test('a version whose file is no model is described with the reason', async () => {
  await using serving = await populated();
  serving.engine.unpreparable.set('/models/iris/10/model.onnx', new AppError('model_unloadable', 'it is not ONNX'));
  const view = await serving.manager.describeVersion(iris, parseVersion('10'));
  expect(view).toMatchObject({ state: 'absent', inputs: [], reason: 'it is not ONNX' });
});

test('unknown models and versions are refused', async () => {
  await using serving = await populated();
  expect(await codeOf(serving.manager.describeModel(parseModelId('rose')))).toBe('model_not_found');
  expect(await codeOf(serving.manager.describeVersion(iris, parseVersion('3')))).toBe('version_not_found');
});

test('the status counts what is there', async () => {
  await using serving = await populated();
  serving.catalog.problems = [{ path: '/models/odd', reason: 'no .onnx file' }];
  await serving.infer('iris');
  await serving.clock.advance(1000);
  const status = await serving.manager.status();
  expect(status.overview).toEqual({
    knownModels: 2,
    residentModels: 1,
    residentVersions: 1,
    readyVersions: 1,
    failedVersions: 0,
    loadingVersions: 0,
  });
  expect(status.engine).toEqual({ name: 'fake', version: '1.0' });
  expect(status.service).toMatchObject({ version: '0.1.0', uptimeMs: 1000 });
  expect(status.traffic).toEqual([{ modelId: 'iris', version: '9', weight: 1, inFlight: 0 }]);
  expect(status.health).toEqual({ healthy: 1, unhealthy: 0, unknown: 0 });
  expect(status.memory).toMatchObject({
    runnersBytes: 30_000_000,
    frontBytes: 90e6,
    machineBytes: 8e9,
    payloadBytes: 0,
  });
  expect(status.performance).toMatchObject({ totalRequests: 1, failedRequests: 0, successfulLoads: 1 });
  expect(status.repositoryProblems).toHaveLength(1);
});

test('footprints are measured again every few seconds', async () => {
  await using serving = await populated();
  await serving.manager.start();
  serving.engine.latest.footprintBytes = 39_000_000;
  await serving.clock.advance(5_000);
  expect(serving.view('iris', '9')).toMatchObject({ measuredBytes: 39_000_000, peakBytes: 44_000_000 });
  serving.engine.latest.footprintBytes = 31_000_000;
  await serving.clock.advance(5_000);
  expect(serving.manager.memory().runnersBytes).toBe(31_000_000);
});

import { expect, test } from 'vitest';
import { parseModelId } from '../../../../src/core/model/model-id.ts';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';
import { codeOf } from '../../../helpers/serving/serving.ts';

const ask = (
  serving: Budgeted,
  modelId: string,
  description?: { parameters: number; dtype: string },
  forceReload = false,
) =>
  serving.manager.dryRun({ modelId: parseModelId(modelId), version: 'latest', options: {}, forceReload, description });

test('it tells who would have to go, and changes nothing', async () => {
  await using serving = await Budgeted.start(3);
  for (const name of ['m0', 'm1', 'm2']) await serving.load(name);
  await serving.infer('m0');
  const before = { memory: serving.manager.memory(), performance: serving.manager.performance() };
  expect(await ask(serving, 'm3')).toMatchObject({
    version: '1',
    isResident: false,
    basis: 'measured',
    neededBytes: GB,
    isAdmitted: true,
    wouldEvict: ['m1@1'],
    budgetBytes: 3 * GB,
    freeBytes: 0,
    couldBeFreedBytes: 3 * GB,
    holders: [],
  });
  expect({ memory: serving.manager.memory(), performance: serving.manager.performance() }).toEqual(before);
  expect(serving.resident).toEqual(['m0', 'm1', 'm2']);
  expect(serving.engine.starts).toBe(3);
});

test('what would not be admitted is told with who holds the memory', async () => {
  await using serving = await Budgeted.start(2);
  await serving.load('m0', '1', { pinned: true });
  serving.weigh('large', 1.5 * GB);
  expect(await ask(serving, 'large')).toMatchObject({
    isAdmitted: false,
    wouldEvict: [],
    freeBytes: GB,
    couldBeFreedBytes: 0,
    holders: [{ model: 'm0@1', bytes: GB, reason: 'pinned' }],
  });
  expect(await codeOf(serving.load('large'))).toBe('insufficient_memory');
});

test('a version that is in memory needs nothing more', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  expect(await ask(serving, 'm0')).toMatchObject({ isResident: true, isAdmitted: true, wouldEvict: [], freeBytes: 0 });
});

test('a description needs no model, and a model without either is not known', async () => {
  await using serving = await Budgeted.start(8);
  const view = await ask(serving, 'nowhere', { parameters: 1e9, dtype: 'int8' });
  expect(view).toMatchObject({ version: undefined, basis: 'estimated', isAdmitted: true });
  expect(view.allocation.weightBytes).toBe(GB);
  expect(await codeOf(ask(serving, 'nowhere'))).toBe('model_not_found');
});

test('a version that would be loaded anew beside itself needs room for both', async () => {
  await using serving = await Budgeted.start(1);
  await serving.load('m0');
  const view = await ask(serving, 'm0', undefined, true);
  expect(view).toMatchObject({ isAdmitted: false, holders: [{ model: 'm0@1', reason: 'held' }] });
});

test('options that were given before count, as they would for a load', async () => {
  await using serving = await Budgeted.start(8);
  await serving.load('m0', '1', { options: { maxBatchSize: 4096 } });
  await serving.unload('m0');
  expect((await ask(serving, 'm0')).neededBytes).toBe(GB);
  expect((await ask(serving, 'm0')).allocation.cacheBytes).toBe(4096 * 4 * 4);
});

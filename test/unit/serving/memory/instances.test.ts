import { describe, expect, test } from 'vitest';
import { sumFootprints } from '../../../../src/serving/memory/version-footprint.ts';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';

const MB = 1e6;

describe('a version of several instances', () => {
  test('reserves memory for each of them, and is told of with the sum', async () => {
    await using serving = await Budgeted.start(8, 1);
    const one = await serving.manager.dryRun(dryRun(serving, 1));
    const three = await serving.manager.dryRun(dryRun(serving, 3));
    expect(three.allocation.totalBytes).toBe(3 * one.allocation.totalBytes);
    expect(three.neededBytes).toBe(three.allocation.totalBytes);
    await serving.load('m0', '1', { options: { instances: 3 } });
    expect(serving.engine.alive).toHaveLength(3);
    expect(serving.view('m0', '1')).toMatchObject({
      instances: 3,
      measuredBytes: 3 * GB,
      reservedBytes: three.neededBytes,
    });
    expect(serving.budget.usedBytes).toBe(3 * GB);
    expect(serving.manager.memory().runnersBytes).toBe(3 * GB);
  });

  test('is expected to need what it was measured to use, and that says nothing of other numbers', async () => {
    await using serving = await Budgeted.start(8, 1);
    await serving.load('m0', '1', { options: { instances: 2 } });
    await serving.unload('m0');
    expect(await serving.manager.dryRun(dryRun(serving, 2))).toMatchObject({ basis: 'measured', neededBytes: 2 * GB });
    expect(await serving.manager.dryRun(dryRun(serving, 1))).toMatchObject({ basis: 'measured', neededBytes: GB });
    expect(await serving.manager.dryRun(dryRun(serving, 3))).toMatchObject({ basis: 'estimated' });
  });

  test('is refused, with nothing changed, where one of them would fit and all would not', async () => {
    await using serving = await Budgeted.start(2, 1, { memory: { budgetBytes: 2 * GB, waitMs: 0 } });
    await expect(serving.load('m0', '1', { options: { instances: 2 } })).rejects.toMatchObject({
      code: 'insufficient_memory',
    });
    expect(serving.engine.starts).toBe(0);
    await serving.load('m0');
  });

  test('is evicted with all of them', async () => {
    await using serving = await Budgeted.start(3, 2);
    await serving.load('m0', '1', { options: { instances: 2 } });
    await serving.load('m1');
    expect(serving.resident).toEqual(['m0', 'm1']);
    serving.weigh('heavy', 1.5 * GB);
    await serving.load('heavy');
    expect(serving.resident).toEqual(['heavy', 'm1']);
    expect(serving.engine.alive).toHaveLength(2);
  });

  test('keeps its memory while one of them is being started again', async () => {
    await using serving = await Budgeted.start(8, 1);
    await serving.load('m0', '1', { options: { instances: 2 } });
    serving.engine.hold();
    serving.engine.latest.crash();
    await serving.clock.advance(20_000);
    expect(serving.view('m0', '1')).toMatchObject({ state: 'ready', progress: undefined, runners: [{ pid: 1000 }] });
    expect(serving.budget.usedBytes).toBe(2 * GB);
    serving.engine.release();
    await serving.clock.advance(5000);
    expect(serving.view('m0', '1')?.runners).toHaveLength(2);
    expect(serving.budget.usedBytes).toBe(2 * GB);
  });

  test('may grow by as much for each, and all of them are replaced when it has grown by more', async () => {
    await using serving = await Budgeted.start(8, 0);
    serving.weigh('small', 60 * MB);
    await serving.load('small', '1', { options: { instances: 2 } });
    const [first, second] = serving.engine.runners;
    if (first === undefined || second === undefined) throw new Error('two were started');
    first.footprintBytes = 160 * MB;
    await serving.clock.advance(5000);
    expect(serving.manager.performance().runnerRecycles).toBe(0);
    second.footprintBytes = 160 * MB;
    await serving.clock.advance(5000);
    expect(serving.manager.performance().runnerRecycles).toBe(1);
    expect([first.disposed, second.disposed]).toEqual([true, true]);
    expect(serving.engine.alive).toHaveLength(2);
  });

  test('that share weights are expected to need them once', async () => {
    await using serving = await Budgeted.start(8, 1);
    const sharing = { shareWeights: true };
    const one = await serving.manager.dryRun(dryRun(serving, 1, sharing));
    const four = await serving.manager.dryRun(dryRun(serving, 4, sharing));
    expect(four.allocation.modelBytes).toBe(one.allocation.modelBytes);
    expect(four.allocation.runnerBaseBytes).toBe(4 * one.allocation.runnerBaseBytes);
  });
});

test('a model that is only described is described for so many instances', async () => {
  await using serving = await Budgeted.start(8, 1);
  const description = { parameters: 1e9, dtype: 'fp16' };
  const of = (options: object) => serving.manager.dryRun({ ...dryRun(serving, 1), options, description });
  const [one, two, sharing] = [
    await of({}),
    await of({ instances: 2 }),
    await of({ instances: 2, shareWeights: true }),
  ];
  expect(two.neededBytes).toBe(2 * one.neededBytes);
  expect(sharing.neededBytes).toBe(one.neededBytes + serving.engine.runnerBaseBytes);
});

describe('what the processes of a version cost together', () => {
  const own = { pssBytes: 100, privateBytes: 80, peakBytes: 120 };

  test('is the sum of what each does, where nothing is shared', () => {
    expect(sumFootprints([own, own, own])).toEqual({
      pssBytes: 300,
      privateBytes: 240,
      peakBytes: 360,
      aloneBytes: 300,
    });
  });

  test('is no more without others, where they share among themselves only', () => {
    // Of 60 that both map, each bears 30.
    const sharing = { pssBytes: 50, privateBytes: 20, peakBytes: 80, sharedBytes: 30, mappedBytes: 60 };
    expect(sumFootprints([sharing, sharing])).toMatchObject({ pssBytes: 100, sharedBytes: 60, aloneBytes: 100 });
  });

  test('is more by what others bear of the weights, once these have gone', () => {
    // Of 60 that three map, each bears 20.
    const sharing = { pssBytes: 40, privateBytes: 20, peakBytes: 80, sharedBytes: 40, mappedBytes: 60 };
    expect(sumFootprints([sharing, sharing])).toMatchObject({ pssBytes: 80, sharedBytes: 80, aloneBytes: 100 });
    expect(sumFootprints([sharing])).toMatchObject({ pssBytes: 40, aloneBytes: 80 });
  });
});

function dryRun(serving: Budgeted, instances: number, options: { readonly shareWeights?: boolean } = {}) {
  const modelId = serving.catalog.add('m0', '1').modelId;
  return {
    modelId,
    version: 'latest' as const,
    options: { instances, ...options },
    forceReload: true,
    description: undefined,
  };
}

import { expect, test } from 'vitest';
import { createPrometheus } from '../../../../src/adapters/telemetry/prometheus.ts';
import { FakeRollouts } from '../../../helpers/http/fake-rollouts.ts';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';

const SHARING = { options: { shareWeights: true } };

/** Loads m0 and m1, which have 0.8 GB in common and 0.2 GB each besides; gives m1's runner. */
async function twoSharers(serving: Budgeted) {
  await serving.load('m0', '1', SHARING);
  await serving.load('m1', '1', SHARING);
  for (const runner of serving.engine.runners) {
    runner.footprintBytes = 0.6 * GB;
    runner.sharedBytes = 0.4 * GB;
    runner.privateBytes = 0.2 * GB;
  }
  await serving.clock.advance(5000);
  return serving.engine.latest;
}

/** m0, m1 and a model of 2.2 GB, under a budget of 3 GB. */
async function withHeavy(): Promise<Budgeted> {
  const serving = new Budgeted({ memory: { budgetBytes: 3 * GB, waitMs: 10_000 } });
  serving.weigh('m0', GB);
  serving.weigh('m1', GB);
  serving.weigh('heavy', 2.2 * GB);
  await serving.manager.start();
  return serving;
}

test('the engine is told which models share their weights', async () => {
  await using serving = await Budgeted.start(8, 2);
  await serving.load('m0', '1', SHARING);
  expect(serving.engine.latest.spec.prepared.sharedFiles).toHaveLength(1);
  await serving.load('m1');
  expect(serving.engine.latest.spec.prepared.sharedFiles).toBeUndefined();
  expect(serving.view('m0', '1')?.shareWeights).toBe(true);
  expect(serving.view('m1', '1')?.shareWeights).toBe(false);
});

test('a loaded version is not loaded once more to share its weights, but told of', async () => {
  await using serving = await Budgeted.start(8, 1);
  await serving.load('m0');
  await expect(serving.load('m0', '1', SHARING)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/share_weights|shareWeights/),
  });
});

test('what sharing saves is told for each version and in all', async () => {
  await using serving = await Budgeted.start(8, 3);
  await twoSharers(serving);
  await serving.load('m2');
  expect(serving.view('m0', '1')).toMatchObject({ measuredBytes: 0.6 * GB, sharedBytes: 0.4 * GB });
  expect(serving.view('m2', '1')?.sharedBytes).toBeUndefined();
  expect(serving.manager.memory().sharedBytes).toBe(0.8 * GB);
  expect((await createPrometheus(serving.manager, new FakeRollouts()).render()).text).toContain(
    '\nechoserve_shared_memory_bytes 800000000\n',
  );
});

test('a version that shares is expected to need what it would need alone', async () => {
  await using serving = await Budgeted.start(8, 1);
  const start = serving.engine.start.bind(serving.engine);
  serving.engine.start = async (spec, signal) => {
    const runner = await start(spec, signal);
    serving.engine.latest.footprintBytes = 0.6 * GB;
    serving.engine.latest.sharedBytes = 0.4 * GB;
    serving.engine.latest.privateBytes = 0.2 * GB;
    return runner;
  };
  await serving.load('m0', '1', SHARING);
  const measured = [...serving.store.footprints.values()].filter(({ options }) => options.includes('true'));
  expect(measured).toMatchObject([{ footprintBytes: GB }]);
  expect(serving.budget.usedBytes).toBe(0.6 * GB);
});

test('when one that shared is evicted, what it leaves to the other counts before anything else is admitted', async () => {
  await using serving = await withHeavy();
  const other = await twoSharers(serving);
  const evicted = serving.engine.runners[0];
  void evicted?.exited.then(() => {
    other.footprintBytes = GB;
    other.sharedBytes = 0;
  });
  // 1.8 GB are free. Without the first there would be 2.4 if the second stayed as it was measured; there are 2.
  await serving.load('heavy');
  expect(serving.resident).toEqual(['heavy']);
  expect(serving.budget.usedBytes).toBe(2.2 * GB);
});

test('the same when it is unloaded', async () => {
  await using serving = await withHeavy();
  const other = await twoSharers(serving);
  await serving.unload('m0', '1');
  other.footprintBytes = GB;
  other.sharedBytes = 0;
  await serving.load('heavy');
  expect(serving.resident).toEqual(['heavy']);
  // It needs no more than was reserved for it: it is not replaced for what was left to it.
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 0, runnerRecycles: 0 });
});

test('a load that would not fit even after it evicts nobody, where a sharer that is busy keeps the weights', async () => {
  await using serving = await withHeavy();
  await twoSharers(serving);
  serving.engine.behaviour = () => undefined;
  const answer = serving.infer('m1');
  const load = serving.load('heavy').catch((error: unknown) => error);
  await serving.clock.advance(20_000);
  expect(await load).toMatchObject({ code: 'insufficient_memory' });
  expect(serving.resident).toEqual(['m0', 'm1']);
  serving.engine.latest.answerAll();
  await answer;
});

import { describe, expect, test } from 'vitest';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../../helpers/serving/fake-store.ts';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

/** An update in a stage, of a server that is gone without a word. */
async function killedInStage(store: FakeStore, beforeMs = 0): Promise<void> {
  const before = await Updating.open({}, store);
  await before.serving.clock.advance(beforeMs);
  await before.serving.load('m', '1');
  await before.update(SHORT, { options: { maxBatchSize: 3 } });
  await before.traffic(100_000, 10, () => before.latest.phase === 'stage');
}

describe('after a kill', () => {
  test('the new version is loaded with the options that the update was asked for with', async () => {
    const store = new FakeStore();
    await killedInStage(store);
    await using after = await Updating.open({}, store);
    expect(await after.untilEnded()).toMatchObject({ outcome: 'completed' });
    const batches = after.serving.engine.runners.filter(({ spec }) => spec.version === '2');
    expect(batches.map(({ spec }) => spec.maxBatchSize)).toEqual([3]);
    expect(store.desired.get('m@2')).toMatchObject({ serving: true, options: { maxBatchSize: 3 } });
  });

  test('and a clock that was set back by a day, the update goes on at once', async () => {
    const store = new FakeStore();
    await killedInStage(store, 24 * 3_600_000);
    await using after = await Updating.open({}, store);
    expect(await after.untilEnded(60_000)).toMatchObject({ outcome: 'completed' });
  });

  test('on a full disk the proven version serves at once', async () => {
    const store = new FakeStore();
    await killedInStage(store);
    store.failure = new Error('disk full');
    const opening = Updating.open({}, store);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    const after = await Promise.race([opening, settle().then(() => undefined)]);
    expect(after).toBeDefined();
    after?.send();
    await after?.serving.clock.advance(100);
    expect(after?.answers.map(({ reply }) => reply?.version)).toEqual(['1']);
    store.failure = undefined;
    expect(await after?.untilEnded()).toMatchObject({ outcome: 'completed' });
    await after?.[Symbol.asyncDispose]();
  });
});

test('a pinned version that was updated from is there after a restart as well', async () => {
  const store = new FakeStore();
  const before = await Updating.open({}, store);
  await before.serving.load('m', '1', { pinned: true });
  await before.update(SHORT);
  await before.untilEnded();
  await before.serving.clock.advance(120_000);
  expect(before.versionsAlive()).toEqual(['1', '2']);
  await before[Symbol.asyncDispose]();
  await using after = await Updating.open({}, store);
  await after.serving.clock.advance(100);
  expect(after.versionsAlive()).toEqual(['1', '2']);
  expect(after.serving.view('m', '2')).toMatchObject({ serving: true });
});

test('after an old version that crashed for good in the drain, the new one serves, restart or not', async () => {
  const store = new FakeStore();
  const before = await Updating.open({}, store);
  await before.serving.load('m', '1');
  before.holdOld();
  await before.update(SHORT);
  await before.traffic(100_000, 10, () => before.latest.phase === 'draining');
  for (let crash = 0; crash < 5; crash += 1) {
    before.runner('1').crash();
    await before.serving.clock.advance(2000);
  }
  expect(await before.untilEnded()).toMatchObject({ outcome: 'completed' });
  await before[Symbol.asyncDispose]();
  await using after = await Updating.open({}, store);
  after.send();
  await after.serving.clock.advance(100);
  expect(after.answers.map(({ reply, error }) => error ?? reply?.version)).toEqual(['2']);
});

import { describe, expect, test } from 'vitest';
import { parseVersion } from '../../../../src/core/model/version.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../../helpers/serving/fake-store.ts';
import { codeOf } from '../../../helpers/serving/serving.ts';
import { SlowStore } from '../../../helpers/serving/slow-store.ts';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

const NEVER = new AbortController().signal;

/** Updated to version 2; version 1 is not in memory any more. */
async function updated(strategy = {}): Promise<Updating> {
  const updating = await Updating.ready();
  await updating.update({ ...SHORT, keepPreviousMs: 1000, ...strategy });
  await updating.untilEnded();
  await updating.serving.clock.advance(2000);
  expect(updating.versionsAlive()).toEqual(['2']);
  return updating;
}

describe('a return to the version before', () => {
  test('goes on to its end where its client does not wait for it', async () => {
    await using updating = await updated();
    const client = new AbortController();
    updating.serving.engine.hold();
    const result = codeOf(updating.rollouts.rollback(updating.modelId, client.signal));
    await settle();
    client.abort();
    expect(await result).toBe('request_cancelled');
    updating.serving.engine.release();
    await updating.serving.clock.advance(100);
    expect(updating.serving.view('m', '1')).toMatchObject({ serving: true });
    expect(updating.versionsAlive()).toEqual(['1']);
    expect(updating.serving.store.desired.get('m@1')).toMatchObject({ serving: true });
  });

  test('is no time for an update to begin', async () => {
    await using updating = await updated();
    updating.serving.engine.hold();
    const result = updating.rollouts.rollback(updating.modelId, NEVER);
    await settle();
    expect(await codeOf(updating.update(SHORT, { newVersion: parseVersion('3') }))).toBe('conflict');
    updating.serving.engine.release();
    expect(await result).toMatchObject({ servingVersion: '1' });
  });

  test('loads it as it was loaded before', async () => {
    await using updating = await Updating.open();
    await updating.serving.load('m', '1', { options: { maxBatchSize: 3 } });
    await updating.update({ ...SHORT, keepPreviousMs: 1000 });
    await updating.untilEnded();
    await updating.serving.clock.advance(2000);
    await updating.rollouts.rollback(updating.modelId, NEVER);
    expect(updating.runner('1').spec.maxBatchSize).toBe(3);
  });

  test('is possible while the version that serves is not in memory', async () => {
    await using updating = await Updating.ready();
    await updating.update(SHORT, { options: { keepAliveMs: 5000 } });
    await updating.untilEnded();
    await updating.serving.clock.advance(30_000);
    expect(updating.versionsAlive()).toEqual(['1']);
    const result = await updating.rollouts.rollback(updating.modelId, NEVER);
    expect(result).toMatchObject({ servingVersion: '1' });
  });
});

describe('on a full disk', () => {
  test('an update is refused, and nothing has changed', async () => {
    const store = new FakeStore();
    await using updating = await Updating.open({}, store);
    await updating.serving.load('m', '1');
    store.failure = new Error('disk full');
    const begun = updating.update().catch((error: unknown) => error);
    await updating.serving.clock.advance(5000);
    expect(await Promise.race([begun, settle()])).toBe(store.failure);
    expect(updating.rollouts.list(undefined)).toEqual([]);
    store.failure = undefined;
    await updating.update();
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
  });
});

describe('on a slow disk', () => {
  test('the version that serves can not be unloaded while an update of it begins', async () => {
    const store = new SlowStore();
    await using updating = await Updating.open({}, store);
    await updating.serving.load('m', '1');
    store.gate = Promise.withResolvers();
    const begun = updating.update();
    await settle();
    const unloaded = codeOf(updating.serving.unload('m', '1'));
    await updating.serving.clock.advance(10);
    store.gate.resolve();
    await begun;
    expect(await unloaded).toBe('conflict');
  });
});

test('updates that ended long ago are forgotten when another one begins, as in the store', async () => {
  await using updating = await Updating.ready();
  for (let i = 0; i < 60; i += 1) {
    const { id } = await updating.update({ ...SHORT, startPaused: true });
    await updating.rollouts.control(id, { type: 'abort' });
    await settle();
    await settle();
  }
  expect(updating.rollouts.list(undefined)).toHaveLength(51);
});

test('a version that is here already with other options than an update wants is not silently taken', async () => {
  await using updating = await Updating.ready();
  await updating.serving.load('m', '2', { options: { maxBatchSize: 4 } });
  expect(await codeOf(updating.update(SHORT, { options: { maxBatchSize: 8 } }))).toBe('conflict');
  await updating.update(SHORT);
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
});

import { expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { FakeStore } from '../../../helpers/serving/fake-store.ts';
import { SlowStore } from '../../../helpers/serving/slow-store.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const broken = () => new AppError('internal', 'it is broken');

test('when a disk has room again, the ladder goes on from the weight that was measured', async () => {
  const store = new FakeStore();
  await using updating = await Updating.inFirstStage(store);
  store.failure = new Error('disk full');
  await updating.traffic(200_000, 20);
  store.failure = undefined;
  await updating.traffic(1500, 20);
  expect(updating.latest.new.weight).toBeLessThanOrEqual(15);
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
});

test('a person’s resume after a conviction is not undone by the evidence from before', async () => {
  const store = new SlowStore();
  await using updating = await Updating.open({}, store);
  await updating.serving.load('m', '1');
  await updating.update({ ...SHORT, onFailure: 'pause' });
  await updating.traffic(100_000, 10, () => updating.latest.phase === 'stage');
  const usual = updating.serving.engine.behaviour;
  onVersion2(updating.serving.engine, broken);
  await updating.traffic(100_000, 10, () => updating.latest.pause !== undefined);
  updating.serving.engine.behaviour = usual;
  store.gate = Promise.withResolvers();
  await updating.rollouts.control(updating.latest.id, { type: 'resume' });
  await updating.traffic(1000);
  store.gate.resolve();
  store.gate = undefined;
  await updating.traffic(1000);
  expect(updating.latest.pause).toBeUndefined();
});

test('what was decided before the server ended is recorded, where the disk takes it', async () => {
  const store = new SlowStore();
  const before = await Updating.open({}, store);
  await before.serving.load('m', '1');
  await before.update();
  await before.traffic(100_000, 10, () => before.latest.phase === 'stage');
  store.gate = Promise.withResolvers();
  await before.rollouts.control(before.latest.id, { type: 'pause' });
  await before.rollouts.control(before.latest.id, { type: 'abort' });
  const ended = before[Symbol.asyncDispose]();
  await settle();
  store.gate.resolve();
  await ended;
  await using after = await Updating.open({}, store);
  await after.traffic(1000);
  expect(after.latest).toMatchObject({ outcome: 'aborted' });
});

test('a disk that stays full does not keep the server from ending', async () => {
  const store = new FakeStore();
  const updating = await Updating.open({}, store);
  await updating.serving.load('m', '1');
  await updating.update();
  await updating.traffic(100_000, 10, () => updating.latest.phase === 'stage');
  store.failure = new Error('disk full');
  await updating.rollouts.control(updating.latest.id, { type: 'pause' });
  await updating.rollouts.control(updating.latest.id, { type: 'abort' });
  await updating.traffic(100);
  await updating[Symbol.asyncDispose]();
  expect(updating.versionsAlive()).toEqual([]);
});

import { expect, test } from 'vitest';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

const TWO = { options: { instances: 2 } };

const runnersOf = (updating: Updating, version: string) =>
  updating.serving.engine.alive.filter(({ spec }) => spec.version === version);

/** Version 1 with two instances serves. */
async function withTwo(): Promise<Updating> {
  const updating = await Updating.open();
  await updating.serving.load('m', '1', TWO);
  return updating;
}

test('a version of several instances is updated to one of several', async () => {
  await using updating = await withTwo();
  await updating.update(SHORT, TWO);
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
  expect(updating.errors()).toEqual([]);
  expect(runnersOf(updating, '2')).toHaveLength(2);
  expect(updating.serving.view('m', '2')).toMatchObject({ serving: true, instances: 2 });
});

test('one of several processes that ends does not take its version out of an update', async () => {
  await using updating = await withTwo();
  await updating.update(SHORT, TWO);
  await updating.traffic(100_000, 10, () => updating.latest.stage === 2);
  updating.serving.engine.hold();
  for (const version of ['1', '2']) runnersOf(updating, version)[0]?.crash();
  await updating.traffic(100);
  expect(updating.latest).toMatchObject({ old: { ready: true }, new: { ready: true, weight: 15 } });
  updating.serving.engine.release();
  await updating.traffic(100);
  expect(runnersOf(updating, '2')).toHaveLength(2);
  expect(updating.errors()).toEqual([]);
});

test('each end of a process of the new version counts against it', async () => {
  await using updating = await withTwo();
  await updating.update(SHORT, TWO);
  await updating.traffic(100_000, 10, () => updating.latest.stage === 2);
  for (let crash = 0; crash < 12 && updating.latest.outcome === undefined; crash += 1) {
    runnersOf(updating, '2')[crash % 2]?.crash(() => true);
    await updating.traffic(2500);
  }
  expect(updating.latest).toMatchObject({ outcome: 'rolled_back' });
  expect(updating.errors()).toEqual([]);
});

test('a version that loses all its processes is away until one of them is back', async () => {
  await using updating = await withTwo();
  await updating.update(SHORT, TWO);
  await updating.traffic(100_000, 10, () => updating.latest.stage === 2);
  updating.serving.engine.hold();
  for (const runner of runnersOf(updating, '2')) runner.crash();
  await updating.traffic(100);
  expect(updating.latest).toMatchObject({ new: { ready: false, weight: 0 } });
  updating.serving.engine.release();
  await updating.traffic(100);
  expect(updating.latest).toMatchObject({ new: { ready: true } });
  expect(updating.errors()).toEqual([]);
});

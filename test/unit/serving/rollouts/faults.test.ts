import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import { FakeStore } from '../../../helpers/serving/fake-store.ts';
import { silentLogger } from '../../../helpers/serving/serving.ts';
import { onVersion2, SHORT, Updating } from '../../../helpers/serving/updating.ts';

const broken = () => new AppError('internal', 'it is broken');
const STAGES = [1, 2, 3, 4, 5, 6, 7];

describe('the new version’s process is killed', () => {
  test.each(STAGES)('in stage %i: no request is lost, and a good version goes on', async (stage) => {
    await using updating = await Updating.ready();
    await updating.update();
    await updating.traffic(100_000, 10, () => updating.latest.stage === stage);
    updating.runner('2').crash(() => true);
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
    expect(updating.errors()).toEqual([]);
  });
});

test('the old version’s process is killed: requests are answered, and the update goes on', async () => {
  await using updating = await Updating.ready();
  await updating.update();
  await updating.traffic(100_000, 10, () => updating.latest.stage === 3);
  updating.runner('1').crash(() => true);
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
  expect(updating.errors()).toEqual([]);
});

test('on a full disk nothing advances, and a version that fails gets no request all the same', async () => {
  const store = new FakeStore();
  await using updating = await Updating.inFirstStage(store);
  store.failure = new Error('disk full');
  await updating.traffic(20_000, 20);
  expect(updating.latest.new.weight).toBe(5);
  onVersion2(updating.serving.engine, broken);
  await updating.traffic(20_000, 10, () => updating.latest.phase === 'rolling_back');
  const before = updating.runner('2').requests.length;
  await updating.traffic(2000);
  expect(updating.runner('2').requests).toHaveLength(before);
  expect(updating.latest.new.weight).toBe(0);
  store.failure = undefined;
  await updating.traffic(3000);
  expect(updating.latest.outcome).toBe('rolled_back');
  const entries = await store.listRolloutEntries(updating.latest.id);
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
  expect(updating.errors()).toEqual([]);
});

test('a model that nobody asks is updated on made-up requests, and the events say so', async () => {
  await using updating = await Updating.ready();
  await updating.update({});
  await updating.serving.clock.advance(120_000);
  expect(updating.latest).toMatchObject({ outcome: 'completed' });
  const { createdAt, endedAt } = updating.latest;
  expect((endedAt ?? 0) - createdAt).toBeLessThan(90_000);
  const gates = [];
  for await (const event of updating.rollouts.events(updating.latest.id, 0, new AbortController().signal)) {
    if (event.type !== 'entered' || event.gate === null) continue;
    gates.push(event.gate.checks.find((check) => check.name === 'samples'));
  }
  expect(gates).toContainEqual(expect.objectContaining({ source: 'live_and_pairs', live: 0 }));
});

test('what the model itself refuses is the client’s fault where both refuse it', async () => {
  await using updating = await Updating.ready();
  const refused = new AppError('model_rejected_input', 'no such word');
  const usual = updating.serving.engine.behaviour;
  updating.serving.engine.behaviour = (request, body) => (/[05]}$/.test(body) ? refused : usual(request, body));
  await updating.update();
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
  expect(new Set(updating.errors())).toEqual(new Set([refused]));
});

test('what only the new version refuses is answered by the old one, and it is rolled back', async () => {
  await using updating = await Updating.ready();
  await updating.update({ ...SHORT, firstPairs: 0, firstTimePairs: 0 });
  onVersion2(updating.serving.engine, (_request, body) =>
    /[05]}$/.test(body) ? new AppError('model_rejected_input', 'no such word') : OK,
  );
  expect(await updating.untilEnded()).toMatchObject({ outcome: 'rolled_back' });
  expect(updating.errors()).toEqual([]);
});

const OK = JSON.stringify({ outputs: [{ name: 'y', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });

test('how long it took from a failure to the last request for the new version is told, and no disk was waited for', async () => {
  const told: Record<string, unknown>[] = [];
  const logger = { ...silentLogger, info: (fields: object, message: string) => void told.push({ ...fields, message }) };
  await using updating = await Updating.ready({ logger });
  await updating.update();
  await updating.traffic(100_000, 10, () => updating.latest.stage === 2);
  updating.serving.store.failure = new Error('disk full');
  await updating.rollouts.control(updating.latest.id, { type: 'abort' });
  const expected = { event: 'abort', decisionMs: 0, message: 'the new version gets no more requests' };
  expect(told).toContainEqual(expect.objectContaining(expected));
  updating.serving.store.failure = undefined;
});

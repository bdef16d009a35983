import { describe, expect, test } from 'vitest';
import { FakeStore } from '../../../helpers/serving/fake-store.ts';
import { SHORT, Updating } from '../../../helpers/serving/updating.ts';

/** A server that is gone without a word: another one finds what it had recorded. */
async function afterKill(store: FakeStore): Promise<Updating> {
  const updating = await Updating.open({}, store);
  await updating.serving.clock.advance(10);
  return updating;
}

const PHASES = ['loading', 'probing', 'stage', 'baking', 'draining'] as const;

describe('the server is killed', () => {
  test.each(PHASES)('while it is %s: the proven version serves at once, and the update goes on', async (phase) => {
    const store = new FakeStore();
    const before = await Updating.open({}, store);
    await before.serving.load('m', '1');
    if (phase === 'loading') before.serving.engine.hold();
    if (phase === 'probing') before.holdPairs();
    if (phase === 'draining') before.holdOld();
    await before.update(SHORT);
    await before.traffic(100_000, 10, () => before.latest.phase === phase);
    expect(before.latest.phase).toBe(phase);
    const { lastEvent } = before.latest;

    await using after = await Updating.open({}, store);
    const serves = phase === 'draining' ? '2' : '1';
    after.send();
    await after.serving.clock.advance(10);
    expect(after.answers.map(({ reply, error }) => error ?? reply?.version)).toEqual([serves]);
    const ended = await after.untilEnded();
    expect(ended).toMatchObject({ outcome: 'completed', id: before.latest.id });
    expect(after.errors()).toEqual([]);
    const entries = await store.listRolloutEntries(ended.id);
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.length).toBeGreaterThan(lastEvent - 1);
  });

  test('twice in one update: it is rolled back', async () => {
    const store = new FakeStore();
    const first = await Updating.open({}, store);
    await first.serving.load('m', '1');
    await first.update(SHORT);
    await first.traffic(100_000, 10, () => first.latest.phase === 'stage');
    const second = await afterKill(store);
    await second.traffic(100_000, 10, () => second.latest.phase === 'stage');
    await using third = await afterKill(store);
    expect(await third.untilEnded()).toMatchObject({ outcome: 'rolled_back', rollbackReason: 'restarted_twice' });
    third.send();
    await third.serving.clock.advance(10);
    expect(third.answers.at(-1)?.reply?.version).toBe('1');
    expect(third.versionsAlive()).toEqual(['1']);
  });

  test('in order, any number of times: the update goes on', async () => {
    const store = new FakeStore();
    let updating = await Updating.open({}, store);
    await updating.serving.load('m', '1');
    await updating.update(SHORT);
    for (let restart = 0; restart < 3; restart += 1) {
      await updating.traffic(100_000, 10, () => updating.latest.phase === 'stage');
      await updating[Symbol.asyncDispose]();
      updating = await afterKill(store);
    }
    expect(await updating.untilEnded()).toMatchObject({ outcome: 'completed' });
    await updating[Symbol.asyncDispose]();
  });
});

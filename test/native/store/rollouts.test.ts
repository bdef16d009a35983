import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/open-store.ts';
import type { RolloutRecord, Store } from '../../../src/serving/ports/store.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const rollout = (id: string, changes: Partial<RolloutRecord> = {}): RolloutRecord => ({
  id,
  modelId: 'flowers/iris',
  oldVersion: '1',
  newVersion: '2',
  config: { profile: 'default', stages: [{ percent: 100 }], driftLimits: { minCosine: null } },
  createdAt: 1_700_000_000_000,
  endedAt: undefined,
  progress: undefined,
  ...changes,
});

const entry = (sequence: number) => ({ sequence, entry: { type: 'entered', sequence, facts: { samples: 59 } } });

/** Creates it and ends it with its second entry. */
async function ended(store: Store, id: string, modelId = 'flowers/iris'): Promise<void> {
  await store.createRollout(rollout(id, { modelId }), entry(1));
  await store.appendRolloutEntry(id, entry(2), 1_700_000_000_001);
}

describe('an update and its log', () => {
  it('are given back after a restart as they were put, the oldest first', async () => {
    const progress = { evidence: { live: [0.5, -1e-300] }, salt: 'ü' };
    {
      await using store = await openStore(dataDir);
      await ended(store, 'z');
      // A clock that was set back does not make it the older one.
      await store.createRollout(rollout('a', { createdAt: 5 }), entry(1));
      await store.putRolloutProgress('a', { replaced: true });
      await store.putRolloutProgress('a', progress);
    }
    await using store = await openStore(dataDir);
    expect(await store.listRollouts()).toEqual([
      rollout('z', { endedAt: 1_700_000_000_001 }),
      rollout('a', { createdAt: 5, progress }),
    ]);
    expect(await store.listRolloutEntries('z')).toEqual([entry(1), entry(2)]);
    expect(await store.listRolloutEntries('a')).toEqual([entry(1)]);
    expect(await store.listRolloutEntries('unknown')).toEqual([]);
  });

  it('take no entry but the next one, and are as they were after a refusal', async () => {
    await using store = await openStore(dataDir);
    await store.createRollout(rollout('a'), entry(1));
    await store.putRolloutProgress('a', { kept: true });
    const other = { sequence: 1, entry: { type: 'something else' } };
    for (const wrong of [entry(3), other, entry(0)]) {
      await expect(store.appendRolloutEntry('a', wrong, 9)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(`Entry ${wrong.sequence} of rollout "a" is not the next one: 2 is.`),
      });
    }
    await expect(store.appendRolloutEntry('b', entry(1), undefined)).rejects.toMatchObject({
      code: 'rollout_not_found',
    });
    expect(await store.listRollouts()).toEqual([rollout('a', { progress: { kept: true } })]);
    expect(await store.listRolloutEntries('a')).toEqual([entry(1)]);
    await store.appendRolloutEntry('a', entry(2), undefined);
    expect(await store.listRolloutEntries('a')).toEqual([entry(1), entry(2)]);
  });

  it('take the last entry again, whose answer may have been lost', async () => {
    await using store = await openStore(dataDir);
    await store.createRollout(rollout('a'), entry(1));
    await store.appendRolloutEntry('a', entry(2), undefined);
    await store.appendRolloutEntry('a', entry(2), undefined);
    expect(await store.listRolloutEntries('a')).toEqual([entry(1), entry(2)]);
  });

  it('are created both or neither', async () => {
    await using store = await openStore(dataDir);
    await expect(store.createRollout(rollout('a'), entry(2))).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.listRollouts()).toEqual([]);
    await store.createRollout(rollout('a'), entry(1));
    await expect(store.createRollout(rollout('a', { newVersion: '9' }), entry(1))).rejects.toThrow(/UNIQUE/);
    expect(await store.listRollouts()).toEqual([rollout('a')]);
    expect(await store.listRolloutEntries('a')).toEqual([entry(1)]);
  });

  it('need no progress once they have ended', async () => {
    await using store = await openStore(dataDir);
    await store.createRollout(rollout('a'), entry(1));
    await store.putRolloutProgress('a', { noted: true });
    await store.appendRolloutEntry('a', entry(2), 7);
    await store.putRolloutProgress('a', { late: true });
    expect(await store.listRollouts()).toEqual([rollout('a', { endedAt: 7 })]);
  });
});

describe('old updates', () => {
  it("of a model go beyond its latest 50 when one is created, with their entries and no others'", async () => {
    await using store = await openStore(dataDir);
    await store.createRollout(rollout('under way'), entry(1));
    await ended(store, 'other', 'flowers/rose');
    for (let i = 0; i < 52; i += 1) await ended(store, `old-${i}`);
    await store.createRollout(rollout('new'), entry(1));
    const ids = (await store.listRollouts()).map(({ id }) => id);
    expect(ids).toEqual(['under way', 'other', ...Array.from({ length: 50 }, (_, i) => `old-${i + 2}`), 'new']);
    expect(await store.listRolloutEntries('old-1')).toEqual([]);
    expect(await store.listRolloutEntries('old-2')).toHaveLength(2);
    expect(await store.listRolloutEntries('under way')).toHaveLength(1);
  });
});

describe('an end in order', () => {
  it('is told once, to the server that comes next', async () => {
    {
      await using store = await openStore(dataDir);
      expect(await store.takeCleanEnd()).toBe(false);
      await store.putCleanEnd();
      await store.putCleanEnd();
    }
    {
      await using store = await openStore(dataDir);
      expect(await store.takeCleanEnd()).toBe(true);
      expect(await store.takeCleanEnd()).toBe(false);
    }
    await using store = await openStore(dataDir);
    expect(await store.takeCleanEnd()).toBe(false);
  });
});

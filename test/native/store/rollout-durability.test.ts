import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/open-store.ts';

const storeUrl = new URL('../../../src/adapters/store/open-store.ts', import.meta.url).href;

/** Runs updates of ten entries each, one after the other for ever, and tells what was acknowledged. */
const writer = (dataDir: string, round: number) => `
  import { openStore } from ${JSON.stringify(storeUrl)};
  const store = await openStore(${JSON.stringify(dataDir)});
  const filler = 'x'.repeat(2000);
  for (let i = 0; ; i += 1) {
    const id = 'r${round}-' + i;
    await store.createRollout({ id, modelId: 'm' + i, oldVersion: '1', newVersion: '2', config: { filler },
      createdAt: i, endedAt: undefined, progress: undefined }, { sequence: 1, entry: { filler } });
    for (let sequence = 2; sequence <= 10; sequence += 1) {
      await store.putRolloutProgress(id, { filler, sequence });
      await store.appendRolloutEntry(id, { sequence, entry: { filler } }, sequence === 10 ? 1 : undefined);
      console.log(id + ' ' + sequence);
    }
  }`;

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('the log of an update after kill -9 in the middle of writes', () => {
  it('has every acknowledged entry and no gap, and ends when its update does', async () => {
    const acknowledged = new Map<string, number>();
    for (let round = 1; round <= 3; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer(dataDir, round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [id = '', sequence] = line.split(' ');
        acknowledged.set(id, Number(sequence));
        lines += 1;
        if (lines >= 13) child.kill('SIGKILL');
      }
      await using store = await openStore(dataDir);
      const rollouts = await store.listRollouts();
      for (const id of acknowledged.keys()) expect(rollouts.map((each) => each.id)).toContain(id);
      for (const { id, endedAt } of rollouts) {
        const sequences = (await store.listRolloutEntries(id)).map((each) => each.sequence);
        expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i + 1));
        expect(sequences.length).toBeGreaterThanOrEqual(Math.max(1, acknowledged.get(id) ?? 0));
        expect(endedAt).toBe(sequences.length === 10 ? 1 : undefined);
      }
      expect(await store.takeCleanEnd()).toBe(false);
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(6);
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/open-store.ts';

const storeUrl = new URL('../../../src/adapters/store/open-store.ts', import.meta.url).href;

/** Puts versions 0, 1, 2 … for ever and writes each number once it is acknowledged. */
const writer = (dataDir: string) => `
  import { openStore } from ${JSON.stringify(storeUrl)};
  const store = await openStore(${JSON.stringify(dataDir)});
  for (let i = 0; ; i += 1) {
    await store.putDesired({ modelId: 'm', version: String(i), state: 'running', serving: false, pinned: false,
      options: { filler: 'x'.repeat(2000) }, source: undefined });
    console.log(i);
  }`;

const startWriter = (dataDir: string) =>
  spawn(process.execPath, ['--input-type=module', '-e', writer(dataDir)], { stdio: ['ignore', 'pipe', 'inherit'] });

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('the state store after kill -9 in the middle of writes', () => {
  it('has every acknowledged write and can be opened at once, again and again', async () => {
    let acknowledged = -1;
    for (let round = 1; round <= 3; round += 1) {
      const child = startWriter(dataDir);
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Math.max(acknowledged, Number(line));
        if (Number(line) >= round * 5) child.kill('SIGKILL');
      }
      await using store = await openStore(dataDir);
      const versions = new Set((await store.listDesired()).map((desired) => Number(desired.version)));
      for (let i = 0; i <= acknowledged; i += 1) expect(versions).toContain(i);
    }
    expect(acknowledged).toBeGreaterThanOrEqual(15);
  });
});

describe('a state store that another process holds', () => {
  it('is refused while that process lives, and free when it has ended', async () => {
    const child = startWriter(dataDir);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    await expect(openStore(dataDir, { lockWaitMs: 0 })).rejects.toMatchObject({ code: 'conflict' });
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await using store = await openStore(dataDir);
    expect((await store.listDesired()).length).toBeGreaterThan(0);
  });
});

/** A full disk needs a disk to fill: a tiny tmpfs, which only root may mount. */
function mountTiny(dir: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir], { stdio: 'ignore' }).status === 0;
}

describe('a full disk', () => {
  it('fails the write with what to do, and keeps what was written', async (context) => {
    if (!mountTiny(dataDir)) return context.skip('needs the right to mount a tmpfs');
    try {
      let written = 0;
      let failure: unknown;
      {
        await using store = await openStore(dataDir);
        for (; failure === undefined && written < 1000; written += failure === undefined ? 1 : 0) {
          failure = await store
            .putDesired({
              modelId: 'm',
              version: String(written),
              state: 'running',
              serving: false,
              pinned: false,
              options: { filler: 'x'.repeat(3000) },
              source: undefined,
            })
            .then(
              () => undefined,
              (error: unknown) => error,
            );
        }
        expect(failure).toMatchObject({ code: 'internal', message: expect.stringContaining('no space') });
        expect(await store.listDesired()).toHaveLength(written);
      }
      await using store = await openStore(dataDir);
      expect(await store.listDesired()).toHaveLength(written);
    } finally {
      spawnSync('umount', [dataDir]);
    }
  });
});

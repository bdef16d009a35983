import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/store/open-store.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { DesiredVersion } from '../../../src/serving/ports/store.ts';

const iris: DesiredVersion = {
  modelId: 'flowers/iris',
  version: '2',
  state: 'running',
  serving: true,
  pinned: false,
  options: { maxBatchSize: 8 },
  source: undefined,
};

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'store-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw new Error('expected an AppError', { cause: error });
}

describe('the state store', () => {
  it('starts empty in a directory that it creates', async () => {
    const dir = join(dataDir, 'new', 'nested');
    await using store = await openStore(dir);
    expect(await store.listDesired()).toEqual([]);
    expect(await store.listRunners()).toEqual([]);
    expect(await readdir(dir)).toContain('state.db');
  });

  it('gives back after a restart what was put', async () => {
    const stopped: DesiredVersion = {
      ...iris,
      version: '1',
      state: 'stopped',
      serving: false,
      pinned: true,
      options: {},
      source: 'https://models.example.com/iris.onnx',
    };
    {
      await using store = await openStore(dataDir);
      await store.putDesired(iris);
      await store.putDesired(stopped);
    }
    await using store = await openStore(dataDir);
    expect(await store.listDesired()).toEqual([stopped, iris]);
  });

  it('replaces a version that it knows, and forgets a deleted one', async () => {
    await using store = await openStore(dataDir);
    await store.putDesired(iris);
    await store.putDesired({ ...iris, state: 'stopped', serving: false });
    expect(await store.listDesired()).toEqual([{ ...iris, state: 'stopped', serving: false }]);
    await store.deleteDesired(iris.modelId, iris.version);
    await store.deleteDesired('unknown', '9');
    expect(await store.listDesired()).toEqual([]);
  });

  it('keeps one version of a model that serves: the one that was put last', async () => {
    const rose: DesiredVersion = { ...iris, modelId: 'flowers/rose' };
    {
      await using store = await openStore(dataDir);
      for (const each of [rose, iris, { ...iris, version: '1' }]) await store.putDesired(each);
    }
    await using store = await openStore(dataDir);
    expect(await store.listDesired()).toEqual([{ ...iris, version: '1' }, { ...iris, serving: false }, rose]);
  });

  it('keeps runner records by pid', async () => {
    await using store = await openStore(dataDir);
    await store.addRunner({ pid: 42, startTicks: 1000 });
    await store.addRunner({ pid: 7, startTicks: 2000 });
    await store.addRunner({ pid: 42, startTicks: 3000 });
    expect(await store.listRunners()).toEqual([
      { pid: 7, startTicks: 2000 },
      { pid: 42, startTicks: 3000 },
    ]);
    await store.removeRunner(42);
    expect(await store.listRunners()).toEqual([{ pid: 7, startTicks: 2000 }]);
  });

  it('finishes what was asked before it was closed, and leaves one file', async () => {
    const store = await openStore(dataDir);
    const writes = Array.from({ length: 20 }, (_, i) => store.putDesired({ ...iris, version: String(i) }));
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose](), ...writes]);
    expect(await readdir(dataDir)).toEqual(['state.db']);
    await using again = await openStore(dataDir);
    expect(await again.listDesired()).toHaveLength(20);
  });

  it('refuses calls after it was closed', async () => {
    const store = await openStore(dataDir);
    await store[Symbol.asyncDispose]();
    expect((await errorOf(store.listDesired())).code).toBe('draining');
  });

  it('refuses a second server on the same directory, and serves the first on', async () => {
    await using store = await openStore(dataDir);
    const error = await errorOf(openStore(dataDir, { lockWaitMs: 0 }));
    expect(error.code).toBe('conflict');
    expect(error.message).toContain(dataDir);
    expect(error.next).toContain('--data-dir');
    await store.putDesired(iris);
    expect(await store.listDesired()).toEqual([iris]);
  });

  it('names the directory that it can not create', async () => {
    await writeFile(join(dataDir, 'file'), '');
    const error = await errorOf(openStore(join(dataDir, 'file', 'data')));
    expect(error.code).toBe('internal');
    expect(error.message).toContain(join(dataDir, 'file', 'data'));
  });
});

describe('a state file that can not be used', () => {
  it('is refused and left as it is when it is no database', async () => {
    const file = join(dataDir, 'state.db');
    await writeFile(file, 'not a database '.repeat(1000));
    const error = await errorOf(openStore(dataDir));
    expect(error.message).toContain(file);
    expect(error.next).toContain('away');
    expect(await readFile(file, 'utf8')).toBe('not a database '.repeat(1000));
  });

  it('is refused and left as it is when it is torn', async () => {
    const file = join(dataDir, 'state.db');
    {
      await using store = await openStore(dataDir);
      for (let i = 0; i < 12; i += 1) {
        await store.putDesired({ ...iris, version: String(i), source: 'x'.repeat(4000) });
      }
    }
    await truncate(file, 4096 * 6 + 100);
    const torn = await readFile(file);
    const error = await errorOf(openStore(dataDir));
    expect(error.code).toBe('internal');
    expect(error.message).toContain('damaged');
    expect(await readFile(file)).toEqual(torn);
  });

  it('is refused when it is a directory', async () => {
    await mkdir(join(dataDir, 'state.db'));
    const error = await errorOf(openStore(dataDir));
    expect(error.code).toBe('internal');
    expect(error.message).toContain(join(dataDir, 'state.db'));
  });

  it('is refused when a newer server wrote it', async () => {
    await (await openStore(dataDir))[Symbol.asyncDispose]();
    {
      using db = new DatabaseSync(join(dataDir, 'state.db'));
      db.exec('PRAGMA user_version = 1000');
    }
    const error = await errorOf(openStore(dataDir));
    expect(error.code).toBe('conflict');
    expect(error.message).toContain('newer');
  });
});

describe('a worker that dies', () => {
  it('fails everything pending and everything after, and is reported once', async () => {
    const entry = join(dataDir, 'dying-worker.mjs');
    await writeFile(
      entry,
      `import { parentPort } from 'node:worker_threads';
       parentPort.postMessage({ id: 0, ok: true, value: undefined });
       parentPort.on('message', ({ call }) => { if (call === 'removeRunner') throw new Error('out of order'); });`,
    );
    const reported: AppError[] = [];
    const store = await openStore(dataDir, {
      entry: new URL(`file://${entry}`),
      onError: (error) => reported.push(error),
    });
    const pending = errorOf(store.listDesired());
    const fatal = errorOf(store.removeRunner(1));
    expect((await pending).message).toContain('out of order');
    expect((await fatal).message).toContain('out of order');
    expect((await errorOf(store.listRunners())).message).toContain('out of order');
    expect(reported).toHaveLength(1);
    await store[Symbol.asyncDispose]();
  });

  it('fails the opening when it does not come up', async () => {
    const error = await errorOf(openStore(dataDir, { entry: new URL(`file://${join(dataDir, 'absent.mjs')}`) }));
    expect(error.message).toContain('store stopped');
  });
});

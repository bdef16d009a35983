import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { chooseIntraOpThreads } from '../../../src/core/model/intra-op-threads.ts';
import { ThreadShares } from '../../../src/serving/running/thread-shares.ts';
import { Serving } from '../../helpers/serving/serving.ts';

test.each([
  [8, 0, 1, 8],
  [8, 0, 2, 4],
  [8, 0, 3, 2],
  [8, 0, 8, 1],
  [8, 0, 9, 1],
  [8, 6, 2, 1],
  [8, 3, 1, 5],
  [2, 16, 1, 1],
  [1, 0, 1, 1],
])('of %i processors, %i of them set, each of %i runners has %i', (processors, setThreads, runners, threads) => {
  expect(chooseIntraOpThreads({ processors, setThreads, runners })).toBe(threads);
});

test('runners that start together never have more threads than there are processors, but for one each', () => {
  for (let processors = 1; processors <= 96; processors += 1) {
    for (let runners = 1; runners <= 100; runners += 1) {
      const threads = chooseIntraOpThreads({ processors, setThreads: 0, runners });
      expect(threads).toBeGreaterThanOrEqual(1);
      if (runners <= processors) expect(threads * runners).toBeLessThanOrEqual(processors);
    }
  }
});

describe('the threads of a runner', () => {
  test('are as its model says, else as the server says, else chosen; and who decided is told', () => {
    const chosen = new ThreadShares({ count: 6, intraOpThreads: undefined });
    const set = new ThreadShares({ count: 6, intraOpThreads: 3 });
    const shares = [
      chosen.take('a', 1, 4),
      set.take('a', 1, 4),
      set.take('b', 1, undefined),
      chosen.take('b', 1, undefined),
    ];
    expect(shares.map((share) => [share.threads(), share.from])).toEqual([
      [4, 'model'],
      [4, 'model'],
      [3, 'server'],
      [2, 'chosen'],
    ]);
  });

  test('follow from who is there when its model is first started; a share counts until it is given back, once', () => {
    const shares = new ThreadShares({ count: 12, intraOpThreads: undefined });
    const [pair, other, set] = [
      shares.take('pair', 2, undefined),
      shares.take('other', 1, undefined),
      shares.take('set', 2, 3),
    ];
    expect(pair.threads()).toBe(2);
    set[Symbol.dispose]();
    expect([pair.threads(), other.threads()]).toEqual([2, 4]);
    other[Symbol.dispose]();
    other[Symbol.dispose]();
    pair[Symbol.dispose]();
    expect(shares.take('pair', 2, undefined).threads()).toBe(6);
  });

  test('are the same for a version that takes the place of another, which counts for nobody twice', () => {
    const shares = new ThreadShares({ count: 8, intraOpThreads: undefined });
    const old = shares.take('a', 1, undefined);
    expect(old.threads()).toBe(8);
    const fresh = shares.take('a', 1, undefined);
    expect(fresh.threads()).toBe(8);
    expect(shares.take('b', 1, undefined).threads()).toBe(4);
    old[Symbol.dispose]();
    expect(fresh.threads()).toBe(8);
  });
});

describe('models that are loaded one after the other', () => {
  test('have fewer threads, and as many again when the others have gone', async () => {
    await using serving = new Serving();
    for (const name of ['a', 'b', 'c']) serving.catalog.add(name, '1');
    await serving.load('a');
    await serving.load('b', '1', { options: { instances: 3 } });
    await serving.load('c', '1', { options: { intraOpThreads: 7 } });
    const status = await serving.manager.status();
    expect(status.processors).toEqual({ count: 4, from: 'machine', intraOpThreads: undefined });
    expect(status.runners).toEqual([
      { modelId: 'a', version: '1', pid: 1000, intraOpThreads: 4, threadsFrom: 'chosen' },
      { modelId: 'b', version: '1', pid: 1001, intraOpThreads: 1, threadsFrom: 'chosen' },
      { modelId: 'b', version: '1', pid: 1002, intraOpThreads: 1, threadsFrom: 'chosen' },
      { modelId: 'b', version: '1', pid: 1003, intraOpThreads: 1, threadsFrom: 'chosen' },
      { modelId: 'c', version: '1', pid: 1004, intraOpThreads: 7, threadsFrom: 'model' },
    ]);
    await serving.unload('b');
    await serving.unload('c');
    await serving.load('b', '1', { options: { instances: 1 } });
    expect(serving.engine.latest.intraOpThreads).toBe(2);
  });

  test('have what the server says, where it says so', async () => {
    await using serving = new Serving({ processors: { count: 4, from: 'cgroup', intraOpThreads: 3 } });
    serving.catalog.add('a', '1');
    await serving.load('a');
    expect(serving.view('a', '1')).toMatchObject({ intraOpThreads: 3, threadsFrom: 'server' });
  });

  test('a load that fails takes no processors from those that follow', async () => {
    await using serving = new Serving();
    serving.catalog.add('a', '1');
    serving.engine.startFailures.push(new AppError('model_unloadable', 'no'));
    await expect(serving.load('a', '1', { options: { instances: 4 } })).rejects.toThrow();
    await serving.load('a');
    expect(serving.view('a', '1')?.intraOpThreads).toBe(4);
  });

  test('a version that has failed takes none either', async () => {
    await using serving = new Serving();
    for (const name of ['a', 'b']) serving.catalog.add(name, '1');
    await serving.load('a');
    for (let crash = 0; crash < 5; crash += 1) {
      serving.engine.latest.crash();
      await serving.clock.advance(1000);
    }
    expect(serving.view('a', '1')?.state).toBe('failed');
    await serving.load('b');
    expect(serving.view('b', '1')?.intraOpThreads).toBe(4);
  });
});

import { expect, test } from 'vitest';
import { Budgeted, GB } from '../../../helpers/serving/budget.ts';
import { settle } from '../../../helpers/serving/fake-clock.ts';
import { codeOf } from '../../../helpers/serving/serving.ts';

test('a version that is being loaded anew is not evicted for being unused meanwhile', async () => {
  await using serving = await Budgeted.start(4, 1);
  await serving.load('m0', '1', { options: { keepAliveMs: 1000 } });
  serving.engine.hold();
  const reload = serving.load('m0', '1', { forceReload: true });
  await serving.clock.advance(5000);
  expect((await serving.infer('m0')).version).toBe('1');
  serving.engine.release();
  expect((await reload).version.state).toBe('ready');
  expect((await serving.infer('m0')).version).toBe('1');
  expect(serving.engine.alive).toHaveLength(1);
});

test.each(['infer', 'load'] as const)(
  'whoever asks for a version that a restart is about to load may have others evicted for it: %s',
  async (how) => {
    const first = await Budgeted.start(4, 2);
    for (const name of ['m0', 'm1']) await first.load(name);
    await first[Symbol.asyncDispose]();
    await using serving = new Budgeted({ memory: { budgetBytes: GB, waitMs: 10_000 } }, first.store);
    for (const name of ['m0', 'm1']) serving.weigh(name, GB);
    const reading = Promise.withResolvers<void>();
    const prepare = serving.engine.prepare.bind(serving.engine);
    serving.engine.prepare = async (path, ...rest) => {
      if (path.includes('m1')) await reading.promise;
      return prepare(path, ...rest);
    };
    await serving.manager.start();
    await serving.clock.advance(1);
    expect(serving.resident).toEqual(['m0']);
    const outcome = codeOf(how === 'infer' ? serving.infer('m1') : serving.load('m1'));
    await settle();
    reading.resolve();
    expect(await outcome).toBe('succeeded');
    expect(serving.resident).toEqual(['m1']);
  },
);

test('a load that fits does not wait behind loads that wait for memory', async () => {
  await using serving = await Budgeted.start(4, 3);
  for (const name of ['m0', 'm1', 'm2']) await serving.load(name);
  serving.engine.behaviour = (_request, body) => (body === 'ask' ? undefined : '{"outputs":[]}');
  const busy = ['m0', 'm1', 'm2'].map((name) => serving.infer(name, '1', { body: 'ask' }));
  for (const name of ['x', 'y', 'z']) serving.weigh(name, 2 * GB);
  const large = ['x', 'y', 'z'].map((name) => codeOf(serving.load(name)));
  await serving.clock.advance(1);
  expect(serving.budget.loadsWaiting).toBe(3);
  serving.weigh('tiny', 0.1 * GB);
  expect((await serving.infer('tiny')).version).toBe('1');
  for (const runner of serving.engine.alive) runner.answerAll();
  await Promise.all(busy);
  await serving.clock.advance(11_000);
  expect(await Promise.all(large)).toContain('succeeded');
});

test('a load waits for a version that is being replaced, which goes or becomes idle', async () => {
  await using serving = await Budgeted.start(3, 1);
  await serving.load('m0');
  serving.engine.hold();
  const reload = serving.load('m0', '1', { forceReload: true });
  await settle();
  serving.weigh('large', 2.2 * GB);
  const load = codeOf(serving.load('large'));
  await settle();
  serving.engine.release();
  await reload;
  expect(await load).toBe('succeeded');
});

test('a load that waits goes on when a version is unpinned', async () => {
  await using serving = await Budgeted.start(2, 3);
  await serving.load('m0', '1', { pinned: true });
  await serving.load('m1');
  serving.engine.behaviour = (_request, body) => (body === 'ask' ? undefined : '{"outputs":[]}');
  const busy = serving.infer('m1', '1', { body: 'ask' });
  const load = codeOf(serving.load('m2'));
  await serving.clock.advance(1);
  await serving.load('m0', '1', { pinned: false });
  expect(await load).toBe('succeeded');
  expect(serving.resident).toEqual(['m1', 'm2']);
  for (const runner of serving.engine.alive) runner.answerAll();
  await busy;
});

test('nothing is loaded, or evicted, for a request whose caller has gone', async () => {
  await using serving = await Budgeted.start(1, 2);
  await serving.load('m0');
  const letStop = serving.engine.latest.holdStop();
  const load = serving.load('m1');
  await settle();
  const caller = new AbortController();
  const outcome = codeOf(serving.infer('m0', undefined, { signal: caller.signal }));
  await settle();
  caller.abort();
  expect(await outcome).toBe('request_cancelled');
  letStop();
  await load;
  await settle();
  expect(serving.resident).toEqual(['m1']);
  expect(serving.engine.starts).toBe(2);
});

test('who joined a load is told that it succeeded, though others want the memory at once', async () => {
  await using serving = await Budgeted.start(1, 2);
  serving.engine.hold();
  const joined = [codeOf(serving.load('m0')), codeOf(serving.load('m0'))];
  await settle();
  const other = codeOf(serving.infer('m1'));
  serving.engine.release();
  expect(await Promise.all([...joined, other])).toEqual(['succeeded', 'succeeded', 'succeeded']);
});

test('a version that leaked once is not shut out by what it had grown to', async () => {
  await using serving = await Budgeted.start(2, 1);
  await serving.load('m0');
  serving.engine.latest.footprintBytes = 2.1 * GB;
  await serving.clock.advance(5000);
  expect(serving.manager.performance()).toMatchObject({ footprintDrifts: 1, overBudget: 1 });
  expect((await serving.infer('m0')).version).toBe('1');
  expect(serving.budget.overBudgetBytes).toBe(0);
});

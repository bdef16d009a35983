import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { startAllWithin } from '../../../src/serving/running/start-within.ts';
import type { FakeEngine, FakeRunner } from '../../helpers/serving/fake-engine.ts';
import { codeOf, HANG_LIMIT_MS } from '../../helpers/serving/serving.ts';
import { openSupervised } from '../../helpers/serving/supervised.ts';

/** Three runners under a supervisor, by name. */
async function openThree(maxQueueLength?: number) {
  const room = await openSupervised(3, maxQueueLength);
  const [first, second, third] = room.engine.runners;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were started');
  return { ...room, first, second, third };
}

const outstanding = (engine: FakeEngine) => engine.alive.map(({ open }) => open.size);

function fakeOf(engine: FakeEngine, pid: number): FakeRunner {
  const fake = engine.alive.find((runner) => runner.pid === pid);
  if (fake === undefined) throw new Error(`there is no process ${pid}`);
  return fake;
}

/** Answers the oldest request that a runner has. */
function answerOne(runner: FakeRunner): void {
  const [oldest] = runner.open;
  if (oldest !== undefined) runner.answer(oldest);
}

describe('a request goes', () => {
  test('to each instance in turn, while they have as much to do', async () => {
    const { engine, supervisor, request } = await openThree();
    const answers = Array.from({ length: 7 }, () => supervisor.run(request()));
    expect(outstanding(engine)).toEqual([3, 2, 2]);
    for (const runner of engine.alive) runner.answerAll();
    await Promise.all(answers);
    void codeOf(supervisor.run(request()));
    expect(outstanding(engine)).toEqual([0, 1, 0]);
  });

  test('to the one with the fewest outstanding, whoever’s turn it is', async () => {
    const { engine, supervisor, request, clock, second } = await openThree();
    for (let sent = 0; sent < 9; sent += 1) void codeOf(supervisor.run(request()));
    answerOne(second);
    answerOne(second);
    await clock.advance(0);
    expect(outstanding(engine)).toEqual([3, 1, 3]);
    for (let sent = 0; sent < 2; sent += 1) void codeOf(supervisor.run(request()));
    expect(outstanding(engine)).toEqual([3, 3, 3]);
  });

  test('not to one that works on what nobody waits for any more, as long as others do not', async () => {
    const { clock, supervisor, request, first, second, third } = await openThree();
    const late = codeOf(supervisor.run(request({ deadlineMs: clock.monotonicMs() + 100 })));
    await clock.advance(100);
    expect(await late).toBe('deadline_exceeded');
    for (let round = 0; round < 3; round += 1) {
      const answers = [supervisor.run(request()), supervisor.run(request())];
      for (const runner of [second, third]) runner.answerAll();
      await Promise.all(answers);
    }
    expect([first, second, third].map(({ requests }) => requests.length)).toEqual([1, 3, 3]);
  });

  test('nowhere past the limit, which is for all instances together', async () => {
    const { supervisor, request, engine } = await openThree(4);
    const answers = Array.from({ length: 4 }, () => codeOf(supervisor.run(request())));
    expect(await codeOf(supervisor.run(request()))).toBe('queue_full');
    for (const runner of engine.alive) answerOne(runner);
    expect(await answers[0]).toBe('succeeded');
    void codeOf(supervisor.run(request()));
    expect(engine.alive.reduce((sum, { requests }) => sum + requests.length, 0)).toBe(5);
  });
});

describe('when one of three crashes', () => {
  test('no request is lost: what had not begun is run by the others at once, and new ones too', async () => {
    const { clock, engine, supervisor, request, first, second, third, onLost } = await openThree();
    engine.hold();
    const answers = Array.from({ length: 6 }, () => codeOf(supervisor.run(request())));
    first.crash(() => false);
    await clock.advance(1);
    expect([second.open.size, third.open.size]).toEqual([3, 3]);
    expect(supervisor.isRestarting).toBe(false);
    expect(supervisor.runners).toEqual([second, third]);
    expect(onLost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ hasOthers: true }));
    answers.push(codeOf(supervisor.run(request())));
    second.answerAll();
    third.answerAll();
    expect(await Promise.all(answers)).toEqual(Array(7).fill('succeeded'));
  });

  test('a fresh one takes its place, and gets requests again', async () => {
    const { clock, engine, supervisor, request, first, onFresh } = await openThree();
    first.crash();
    await clock.advance(1);
    expect(onFresh).toHaveBeenCalledExactlyOnceWith('restarted');
    expect(supervisor.runners).toHaveLength(3);
    expect(supervisor.runners).not.toContain(first);
    for (let sent = 0; sent < 3; sent += 1) void codeOf(supervisor.run(request()));
    expect(engine.latest.open.size).toBe(1);
  });

  test('what it had begun is tried again, alone, by the one in its place: it may end that too, and no other', async () => {
    const { clock, engine, supervisor, request, first, second, third } = await openThree();
    const outcomes = Array.from({ length: 3 }, () => codeOf(supervisor.run(request())));
    first.crash(() => true);
    await clock.advance(1);
    expect(engine.latest.requests).toMatchObject([{ alone: true }]);
    expect([second.requests, third.requests].map(({ length }) => length)).toEqual([1, 1]);
    engine.latest.crash(() => true);
    expect(await outcomes[0]).toBe('model_crashed');
    await clock.advance(1);
    second.answerAll();
    third.answerAll();
    expect(await Promise.all(outcomes)).toEqual(['model_crashed', 'succeeded', 'succeeded']);
    expect([second.exit, third.exit]).toEqual([undefined, undefined]);
  });

  test('what it had begun is tried by others where the next start of its own is put off', async () => {
    const { clock, engine, supervisor, request, first, second, third } = await openThree();
    engine.startFailures.push(new AppError('model_unloadable', 'no memory'));
    const outcome = codeOf(supervisor.run(request()));
    first.crash(() => true);
    await clock.advance(1);
    const tried = [second, third].flatMap(({ requests }) => requests);
    expect(tried).toMatchObject([{ alone: true }]);
    second.answerAll();
    third.answerAll();
    expect(await outcome).toBe('succeeded');
  });

  test('again and again, it is started again at long intervals while the others do well', async () => {
    const { clock, engine, supervisor, request, first, onFailed } = await openThree();
    engine.startFailures.push(...Array.from({ length: 12 }, () => new AppError('model_unloadable', 'no memory')));
    first.crash();
    await clock.advance(60_000);
    expect(onFailed).not.toHaveBeenCalled();
    expect(supervisor.runners).toHaveLength(3);
    const starts = engine.starts - 3;
    expect(starts).toBeGreaterThan(10);
    expect(starts).toBeLessThan(20);
    const answer = supervisor.run(request());
    for (const runner of engine.alive) runner.answerAll();
    await answer;
  });
});

test('a version of several has failed when each of them is in a crash loop', async () => {
  const { clock, engine, supervisor, request, onFailed } = await openThree();
  for (let round = 0; round < 5; round += 1) {
    expect(onFailed).not.toHaveBeenCalled();
    for (const runner of engine.alive) runner.crash();
    await clock.advance(4000);
  }
  expect(onFailed).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/each of its 3 runners ended 5 times within 60 s.*SIGSEGV/),
  );
  expect(await codeOf(supervisor.run(request()))).toBe('not_ready');
});

test('a version has not failed while one of its processes is there, however often all of them have crashed', async () => {
  const { clock, engine, supervisor, request, onFailed } = await openThree();
  for (let round = 0; round < 10; round += 1) {
    for (const runner of supervisor.runners.filter((_, index) => index !== round % 3))
      fakeOf(engine, runner.pid).crash();
    await clock.advance(5000);
  }
  expect(onFailed).not.toHaveBeenCalled();
  const answer = supervisor.run(request());
  for (const runner of engine.alive) runner.answerAll();
  expect((await answer).batchSize).toBe(1);
  // Each of them has crashed so often that all of them together are too much.
  for (const runner of engine.alive) runner.crash();
  await clock.advance(1);
  expect(onFailed).toHaveBeenCalledOnce();
});

test('when a version has failed, what was just being started of it is ended', async () => {
  const { clock, engine, onFailed } = await openThree();
  for (let round = 0; round < 4; round += 1) {
    for (const runner of engine.alive) runner.crash();
    await clock.advance(4000);
  }
  const [first, ...others] = engine.alive;
  engine.hold();
  first?.crash();
  await clock.advance(4000);
  for (const runner of others) runner.crash();
  await clock.advance(1);
  expect(onFailed).toHaveBeenCalledOnce();
  engine.release();
  await clock.advance(10_000);
  expect(engine.alive).toEqual([]);
});

test('requests wait only while no instance is there', async () => {
  const { clock, engine, supervisor, request, onLost } = await openThree();
  engine.hold();
  for (const runner of engine.alive) runner.crash();
  await clock.advance(1);
  expect(onLost.mock.calls.map(([{ hasOthers }]) => hasOthers)).toEqual([true, true, false]);
  expect(supervisor.isRestarting).toBe(true);
  const answer = supervisor.run(request());
  engine.release();
  await clock.advance(1);
  for (const runner of engine.alive) runner.answerAll();
  expect((await answer).batchSize).toBe(1);
});

test('one that hangs is killed, and the others are not', async () => {
  const { clock, supervisor, request, first, second, third } = await openThree();
  const stuck = codeOf(supervisor.run(request({ deadlineMs: clock.monotonicMs() + 1000 })));
  await clock.advance(1000 + HANG_LIMIT_MS);
  expect(await stuck).toBe('deadline_exceeded');
  expect([first, second, third].map(({ killed }) => killed)).toEqual([true, false, false]);
});

test('recycling replaces all of them, and stopping ends all', async () => {
  const { clock, engine, supervisor, first, second, third } = await openThree();
  expect(supervisor.recycle()).toBe(true);
  await clock.advance(1);
  expect([first, second, third].map(({ disposed }) => disposed)).toEqual([true, true, true]);
  expect(engine.alive).toHaveLength(3);
  await supervisor.stop();
  expect(engine.alive).toEqual([]);
});

test('they have their parts of the processors, and give them back when the version has ended', async () => {
  const { clock, engine, supervisor, shares, first } = await openThree();
  expect(engine.alive.map(({ intraOpThreads }) => intraOpThreads)).toEqual([2, 2, 2]);
  const other = shares.take('other', 1, undefined);
  expect(other.threads()).toBe(2);
  first.crash();
  await clock.advance(1);
  expect(engine.latest.intraOpThreads).toBe(2);
  await supervisor.stop();
  other[Symbol.dispose]();
  expect(shares.take('other', 1, undefined).threads()).toBe(8);
});

test('where one of several can not be started, none is left', async () => {
  const { clock, engine, supervisor } = await openSupervised();
  const [started] = engine.runners;
  if (started === undefined) throw new Error('one was started');
  engine.startFailures.push(undefined, new AppError('model_unloadable', 'no memory'));
  const specs = [started.spec, started.spec, started.spec];
  const starting = startAllWithin({ engine, clock }, specs, 1000, new AbortController().signal);
  await expect(starting).rejects.toThrow('no memory');
  expect(engine.alive).toEqual([started]);
  await supervisor.stop();
});

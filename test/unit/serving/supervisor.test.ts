import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, HANG_LIMIT_MS, LOAD_LIMIT_MS, Serving } from '../../helpers/serving/serving.ts';

/** A model "iris" of one version that is ready, whose runners answer nothing until they are told to. */
async function silentModel(options = {}): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1', { options });
  serving.engine.behaviour = () => undefined;
  return serving;
}

test('requests that had not begun are run again on a fresh runner', async () => {
  await using serving = await silentModel();
  const arrivedAtMs = serving.clock.monotonicMs();
  const answers = [serving.infer('iris'), serving.infer('iris')];
  await serving.clock.advance(500);
  serving.engine.latest.crash(() => false);
  await serving.clock.advance(1);
  expect(serving.engine.runners).toHaveLength(2);
  expect(serving.engine.latest.requests.map((request) => request.arrivedAtMs)).toEqual([arrivedAtMs, arrivedAtMs]);
  expect(serving.engine.latest.requests.map((request) => request.alone)).toEqual([false, false]);
  serving.engine.latest.answerAll();
  expect((await Promise.all(answers)).map((reply) => reply.version)).toEqual(['1', '1']);
  expect(serving.view('iris', '1')?.statistics).toMatchObject({ succeeded: 2, restarts: 1, failed: {} });
});

test('requests whose batch had begun are run again, each alone', async () => {
  await using serving = await silentModel();
  const answers = [serving.infer('iris', '1', { body: 'a' }), serving.infer('iris', '1', { body: 'b' })];
  serving.engine.latest.crash(() => true);
  await serving.clock.advance(1);
  expect(serving.engine.latest.requests.map((request) => request.alone)).toEqual([true, true]);
  serving.engine.latest.answerAll();
  await Promise.all(answers);
});

test('a request that ends a second runner alone fails, and nothing else does', async () => {
  await using serving = await silentModel();
  serving.engine.behaviour = (_request, body) => (body === 'poison' ? 'crash' : undefined);
  const innocent = serving.infer('iris', '1', { body: 'fine' });
  const poison = serving.infer('iris', '1', { body: 'poison' });
  const outcome = codeOf(poison);
  await serving.clock.advance(10);
  expect(await outcome).toBe('model_crashed');
  serving.engine.latest.answerAll();
  expect((await innocent).version).toBe('1');
  expect(serving.view('iris', '1')?.state).toBe('ready');
});

test('any number of requests that crash the model do not make the version fail', async () => {
  await using serving = await silentModel();
  serving.engine.behaviour = (_request, body) => (body === 'poison' ? 'crash' : '{}');
  for (let i = 0; i < 12; i += 1) {
    const outcome = codeOf(serving.infer('iris', '1', { body: 'poison' }));
    await serving.clock.advance(10);
    expect(await outcome).toBe('model_crashed');
  }
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', statistics: { restarts: 24 } });
  expect((await serving.infer('iris')).version).toBe('1');
});

test('a runner that ends while it has nothing to do is replaced at once', async () => {
  await using serving = await silentModel();
  serving.engine.latest.crash();
  await settle();
  expect(serving.view('iris', '1')).toMatchObject({
    state: 'ready',
    progress: { phase: 'restarting' },
    health: { status: 'unhealthy' },
    runnerPid: undefined,
  });
  await serving.clock.advance(0);
  expect(serving.view('iris', '1')).toMatchObject({
    progress: undefined,
    runnerPid: 1001,
    health: { status: 'healthy' },
  });
});

test('the second restart and those after it wait, longer each time', async () => {
  await using serving = await silentModel();
  for (const delayMs of [0, 100, 200, 400]) {
    const before = serving.engine.starts;
    serving.engine.latest.crash();
    await serving.clock.advance(Math.max(0, delayMs - 1));
    if (delayMs > 0) expect(serving.engine.starts).toBe(before);
    await serving.clock.advance(1);
    expect(serving.engine.starts).toBe(before + 1);
  }
});

test('after the fifth crash within a minute the version is failed, with the reason, and waiting requests are told', async () => {
  await using serving = await silentModel();
  for (let i = 0; i < 4; i += 1) {
    serving.engine.latest.crash();
    await serving.clock.advance(1000);
  }
  const waiting = serving.infer('iris');
  serving.engine.latest.crash();
  const refused = expect(waiting).rejects.toThrow(/SIGSEGV.*Segmentation fault/);
  await serving.clock.advance(1);
  await refused;
  expect(serving.view('iris', '1')).toMatchObject({ state: 'failed', health: { status: 'unhealthy' } });
  expect(serving.view('iris', '1')?.reason).toMatch(/5 times within 60 s.*SIGSEGV.*Segmentation fault/);
  expect(await codeOf(serving.infer('iris'))).toBe('not_ready');
  expect(serving.engine.alive).toEqual([]);
});

test('crashes that are spread over time are only restarted', async () => {
  await using serving = await silentModel();
  for (let i = 0; i < 10; i += 1) {
    serving.engine.latest.crash();
    await serving.clock.advance(20_000);
  }
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', statistics: { restarts: 10 } });
});

test('a restart that fails counts as a crash', async () => {
  await using serving = await silentModel();
  serving.engine.startFailures.push(
    ...Array.from({ length: 4 }, () => new AppError('model_unloadable', 'file is gone')),
  );
  serving.engine.latest.crash();
  await serving.clock.advance(10_000);
  expect(serving.view('iris', '1')?.reason).toMatch(/could not be started again: file is gone/);
});

test('a request that waits for a restart is answered at its deadline', async () => {
  await using serving = await silentModel();
  serving.engine.latest.crash();
  serving.engine.hold();
  const outcome = codeOf(serving.infer('iris', '1', { timeoutMs: 500 }));
  await serving.clock.advance(499);
  expect(serving.view('iris', '1')?.statistics.inFlight).toBe(1);
  await serving.clock.advance(1);
  expect(await outcome).toBe('deadline_exceeded');
});

test('a request that waits for a restart is run by the fresh runner', async () => {
  await using serving = await silentModel();
  serving.engine.hold();
  serving.engine.latest.crash();
  await serving.clock.advance(1);
  const answer = serving.infer('iris');
  serving.engine.release();
  await settle();
  serving.engine.latest.answerAll();
  expect((await answer).version).toBe('1');
});

test('the caller is answered at its deadline, whether the runner answers or not', async () => {
  await using serving = await silentModel({ defaultTimeoutMs: 2000 });
  const named = codeOf(serving.infer('iris', '1', { timeoutMs: 300 }));
  const unnamed = codeOf(serving.infer('iris'));
  await serving.clock.advance(300);
  expect(await named).toBe('deadline_exceeded');
  await serving.clock.advance(1700);
  expect(await unnamed).toBe('deadline_exceeded');
  // What the runner says later is nobody's business any more.
  serving.engine.latest.answerAll();
  await settle();
  expect(serving.view('iris', '1')?.statistics).toMatchObject({ succeeded: 0, failed: { deadline_exceeded: 2 } });
});

test('a runner that owes an answer for longer than the hang limit is killed, and the other requests survive', async () => {
  await using serving = await silentModel();
  const hung = serving.engine.latest;
  const stuck = codeOf(serving.infer('iris', '1', { timeoutMs: 1000 }));
  const other = serving.infer('iris', '1', { timeoutMs: 30_000 });
  await serving.clock.advance(1000 + HANG_LIMIT_MS - 1);
  expect(hung.killed).toBe(false);
  await serving.clock.advance(1);
  expect(await stuck).toBe('deadline_exceeded');
  expect(hung.killed).toBe(true);
  await serving.clock.advance(1);
  serving.engine.latest.answerAll();
  expect((await other).version).toBe('1');
});

test('a long run is not taken for a hang because an impatient request waits behind it', async () => {
  await using serving = await silentModel({ defaultTimeoutMs: 30 * HANG_LIMIT_MS });
  const runner = serving.engine.latest;
  const long = serving.infer('iris', '1', { timeoutMs: 20 * HANG_LIMIT_MS });
  for (const run of runner.open) runner.begin(run);
  for (let asked = 0; asked < 8; asked += 1) {
    const impatient = codeOf(serving.infer('iris', '1', { timeoutMs: 200 }));
    await serving.clock.advance(HANG_LIMIT_MS);
    expect(await impatient).toBe('deadline_exceeded');
  }
  expect(runner.killed).toBe(false);
  runner.answerAll();
  expect((await long).version).toBe('1');
});

test('a run that goes on past its deadline by the hang limit is ended, and what waited behind it is run', async () => {
  await using serving = await silentModel();
  const hung = serving.engine.latest;
  const long = codeOf(serving.infer('iris', '1', { timeoutMs: 1000 }));
  for (const run of hung.open) hung.begin(run);
  const patient = serving.infer('iris', '1', { timeoutMs: 30_000 });
  await serving.clock.advance(1000 + HANG_LIMIT_MS - 1);
  expect(hung.killed).toBe(false);
  await serving.clock.advance(2);
  expect([await long, hung.killed]).toEqual(['deadline_exceeded', true]);
  serving.engine.latest.answerAll();
  expect((await patient).version).toBe('1');
});

test('a runner that hangs while it starts again is given up for another', async () => {
  await using serving = await silentModel();
  serving.engine.hold();
  serving.engine.latest.crash();
  await serving.clock.advance(1);
  expect(serving.engine.starts).toBe(2);
  // The fake's first start took 40 ms: a fresh one has 30 s.
  await serving.clock.advance(30_000);
  await serving.clock.advance(200);
  expect(serving.engine.starts).toBe(3);
  serving.engine.release();
  await settle();
  expect(serving.view('iris', '1')).toMatchObject({ state: 'ready', progress: undefined });
});

test('a first start that hangs is given up at the limit', async () => {
  await using serving = new Serving();
  serving.catalog.add('iris', '1');
  serving.engine.hold();
  const outcome = codeOf(serving.load('iris'));
  await serving.clock.advance(LOAD_LIMIT_MS);
  expect(await outcome).toBe('model_unloadable');
  expect(serving.engine.alive).toEqual([]);
});

test('a hang is noticed though every caller has gone', async () => {
  await using serving = await silentModel();
  const hung = serving.engine.latest;
  const caller = new AbortController();
  const outcome = codeOf(serving.infer('iris', '1', { timeoutMs: 5000, signal: caller.signal }));
  await serving.clock.advance(100);
  caller.abort();
  expect(await outcome).toBe('request_cancelled');
  await serving.clock.advance(5000 + HANG_LIMIT_MS);
  expect(hung.killed).toBe(true);
  expect(serving.engine.alive).toHaveLength(1);
});

test('a runner that has answered everything is never taken for hung', async () => {
  await using serving = await silentModel();
  const answer = serving.infer('iris', '1', { timeoutMs: 1000 });
  serving.engine.latest.answerAll();
  await answer;
  await serving.clock.advance(100_000);
  expect(serving.engine.latest.killed).toBe(false);
});

test('past the queue limit a request is refused at once, and the slot of an answered one is free again', async () => {
  await using serving = await silentModel({ maxQueueLength: 2 });
  const answers = [serving.infer('iris'), serving.infer('iris')];
  await expect(serving.infer('iris')).rejects.toMatchObject({ code: 'queue_full', retryAfterS: 1 });
  serving.engine.latest.answerAll();
  await Promise.all(answers);
  const next = serving.infer('iris');
  serving.engine.latest.answerAll();
  await next;
});

test('a lost request whose caller has gone is not run again', async () => {
  await using serving = await silentModel();
  const runner = serving.engine.latest;
  const caller = new AbortController();
  const outcome = codeOf(serving.infer('iris', '1', { signal: caller.signal }));
  caller.abort();
  runner.crash(() => true);
  await serving.clock.advance(1);
  expect(await outcome).toBe('request_cancelled');
  expect(serving.engine.latest.requests).toEqual([]);
});

test('what the runner refuses reaches the caller as it is', async () => {
  await using serving = await silentModel();
  const refusal = new AppError('invalid_tensor', 'input "x" is missing');
  serving.engine.behaviour = () => refusal;
  await expect(serving.infer('iris')).rejects.toBe(refusal);
  expect(serving.view('iris', '1')?.statistics.failed).toEqual({ invalid_tensor: 1 });
});

test('no payload is held once every request has been answered', async () => {
  await using serving = await silentModel();
  const answers = [1, 2, 3].map(() => serving.infer('iris'));
  serving.engine.latest.crash(() => true);
  await serving.clock.advance(1);
  serving.engine.latest.answerAll();
  await Promise.all(answers);
  expect(serving.payloads.usedBytes).toBe(0);
});

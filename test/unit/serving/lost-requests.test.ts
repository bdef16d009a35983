import { describe, expect, test, vi } from 'vitest';
import type { Loss, LossVerdict } from '../../../src/serving/running/loss.ts';
import { codeOf, HANG_LIMIT_MS } from '../../helpers/serving/serving.ts';
import { openSupervised } from '../../helpers/serving/supervised.ts';

/** What decides so, each time. */
const judge = (verdict: LossVerdict) => vi.fn((_loss: Loss): LossVerdict => verdict);

describe('whoever sent a lost request', () => {
  test('is asked before it is decided what becomes of it, and may let it be run again', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const retry = judge('retry');
    const answer = supervisor.run(request(), retry);
    engine.latest.crash(() => true);
    await clock.advance(1);
    expect(retry).toHaveBeenCalledOnce();
    expect(retry).toHaveBeenCalledWith({
      began: true,
      crash: expect.any(Object),
      exit: expect.objectContaining({ signal: 'SIGSEGV' }),
    });
    expect(engine.latest.requests).toMatchObject([{ alone: true }]);
    engine.latest.answerAll();
    expect((await answer).batchSize).toBe(1);
  });

  test('may give it up: a request that had begun is told of the crash, and is never run again', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const answer = supervisor.run(request(), judge('give_up'));
    const refused = expect(answer).rejects.toMatchObject({
      code: 'model_crashed',
      details: { exit: expect.stringContaining('SIGSEGV') },
    });
    engine.latest.crash(() => true);
    await refused;
    await clock.advance(1000);
    expect(engine.runners).toHaveLength(2);
    expect(engine.latest.requests).toEqual([]);
  });

  test('may give it up: one that had not begun is told that the runner ended', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const answer = supervisor.run(request(), judge('give_up'));
    const refused = expect(answer).rejects.toMatchObject({
      code: 'not_ready',
      message: expect.stringContaining('runner ended'),
    });
    engine.latest.crash(() => false);
    await refused;
    await clock.advance(1000);
    expect(engine.latest.requests).toEqual([]);
  });

  test('is asked at each loss, and can tell by the crash what was lost together', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const judges = [judge('retry'), judge('retry')];
    const outcomes = judges.map((onLost) => codeOf(supervisor.run(request(), onLost)));
    for (let crash = 0; crash < 2; crash += 1) {
      engine.latest.crash(() => false);
      await clock.advance(200);
    }
    const [first, second] = judges.map((onLost) => onLost.mock.calls.map(([loss]) => loss.crash));
    expect(first).toHaveLength(2);
    expect(first?.[0]).not.toBe(first?.[1]);
    expect(second?.[0]).toBe(first?.[0]);
    expect(second?.[1]).toBe(first?.[1]);
    engine.latest.answerAll();
    expect(await Promise.all(outcomes)).toEqual(['succeeded', 'succeeded']);
  });

  test('is not asked while the request waits for a runner', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    engine.hold();
    engine.latest.crash();
    await clock.advance(1);
    const giveUp = judge('give_up');
    const answer = supervisor.run(request(), giveUp);
    engine.release();
    await clock.advance(1);
    engine.latest.answerAll();
    await answer;
    expect(giveUp).not.toHaveBeenCalled();
  });

  test('is asked also when a runner is killed that hung, about what it ran and about what waited behind', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const [running, waiting] = [judge('retry'), judge('give_up')];
    const late = codeOf(supervisor.run(request({ deadlineMs: clock.monotonicMs() + 1000 }), running));
    for (const run of engine.latest.open) engine.latest.begin(run);
    const behind = codeOf(supervisor.run(request(), waiting));
    await clock.advance(1000 + HANG_LIMIT_MS);
    expect([await late, await behind]).toEqual(['deadline_exceeded', 'not_ready']);
    expect(running.mock.calls).toMatchObject([[{ began: true }]]);
    expect(waiting.mock.calls).toMatchObject([[{ began: false }]]);
  });

  test('is not asked once the end has come', async () => {
    const { clock, engine, supervisor, request } = await openSupervised();
    const retry = judge('retry');
    const outcome = codeOf(supervisor.run(request(), retry));
    const { latest } = engine;
    await supervisor.stop();
    await clock.advance(1);
    expect(latest.disposed).toBe(true);
    expect(await outcome).toBe('not_ready');
    expect(retry).not.toHaveBeenCalled();
  });
});

test('a request that crashed the model at its first try, by itself, is not said to have been tried twice', async () => {
  const { engine, supervisor, request } = await openSupervised();
  const answer = supervisor.run(request({ alone: true }));
  engine.latest.crash(() => true);
  await expect(answer).rejects.toMatchObject({ code: 'model_crashed', next: undefined });
});

test('a request is told once that it is being run, though it is run again', async () => {
  const { clock, engine, supervisor, request } = await openSupervised();
  const onBegan = vi.fn();
  const answer = supervisor.run(request({ onBegan }));
  expect(onBegan).not.toHaveBeenCalled();
  for (const run of engine.latest.open) engine.latest.begin(run);
  engine.latest.crash(() => true);
  await clock.advance(1);
  engine.latest.answerAll();
  await answer;
  expect(onBegan).toHaveBeenCalledOnce();
});

describe('the loss of a runner is told', () => {
  test('once, with how it ended, however many requests were lost with it', async () => {
    const { clock, engine, supervisor, request, onLost, onFresh } = await openSupervised();
    for (let index = 0; index < 3; index += 1) void codeOf(supervisor.run(request()));
    engine.latest.crash();
    await clock.advance(1);
    expect(onLost).toHaveBeenCalledOnce();
    expect(onLost).toHaveBeenCalledWith({
      exit: expect.objectContaining({ signal: 'SIGSEGV' }),
      reason: expect.stringMatching(/SEGV/),
      crash: expect.any(Object),
      hasOthers: false,
    });
    expect(onFresh.mock.calls).toEqual([['restarted']]);
  });

  test('not where it was replaced or stopped on purpose', async () => {
    const { clock, supervisor, onLost, onFresh } = await openSupervised();
    expect(supervisor.recycle()).toBe(true);
    await clock.advance(1);
    expect(onFresh.mock.calls).toEqual([['recycled']]);
    await supervisor.stop();
    await clock.advance(1);
    expect(onLost).not.toHaveBeenCalled();
  });

  test('in time for whoever hears of it to end everything, and then no other is started', async () => {
    const { clock, engine, supervisor, onLost, onFailed } = await openSupervised();
    onLost.mockImplementation(() => void supervisor.stop());
    for (const runner of engine.alive) runner.crash();
    await clock.advance(10_000);
    expect(engine.starts).toBe(1);
    expect(onFailed).not.toHaveBeenCalled();
  });
});

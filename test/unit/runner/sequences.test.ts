import { describe, expect, test } from 'vitest';
import { StatefulRunner, step } from '../../helpers/runner/stateful-runner.ts';

/** What each input gives in one sequence, from the initial state on. */
function outputs(xs: readonly number[], initial = 0): number[] {
  let h = initial;
  return xs.map((x) => {
    h = step(h, x);
    return h;
  });
}

describe('a sequence', () => {
  test('goes on from what its last request has left, and from the initial state at its start', async () => {
    const runner = new StatefulRunner();
    const [first, second, third] = outputs([1, 2, 3]);
    expect((await runner.ask({ x: 1, sequence: 'a', start: true })).y).toEqual([first]);
    expect((await runner.ask({ x: 2, sequence: 'a' })).y).toEqual([second]);
    expect((await runner.ask({ x: 3, sequence: 'a', end: true })).y).toEqual([third]);
    expect((await runner.ask({ x: 1, sequence: 'a', start: true })).y).toEqual([first]);
  });

  test('begins with what the manifest says', async () => {
    const state = [{ input: 'h', output: 'h_out', datatype: 'FP64', rowShape: [1], initial: [5] }] as const;
    const runner = new StatefulRunner({ state });
    expect((await runner.ask({ x: 1, sequence: 'a', start: true })).y).toEqual(outputs([1], 5));
    expect((await runner.ask({ x: [1, 1] })).y).toEqual([step(5, 1), step(5, 1)]);
  });

  test('is told apart from others by numbers past 2^53', async () => {
    const runner = new StatefulRunner();
    const [one, other] = [2n ** 60n, 2n ** 60n + 1n];
    await runner.ask({ x: 1, sequence: one, start: true });
    await runner.ask({ x: 9, sequence: other, start: true });
    expect((await runner.ask({ x: 2, sequence: one })).y).toEqual(outputs([1, 2]).slice(1));
  });

  test('has its requests run one by one in the order of their arrival, however urgent they are', async () => {
    const runner = new StatefulRunner();
    const ids = [
      runner.send({ x: 1, sequence: 'a', start: true, priority: 200 }),
      runner.send({ x: 2, sequence: 'a', priority: 1 }),
      runner.send({ x: 3, sequence: 'a', end: true, priority: 100 }),
    ];
    await runner.clock.advance(20);
    expect(runner.runs).toEqual([[1], [2], [3]]);
    expect(ids.flatMap((id) => runner.end(id).y)).toEqual(outputs([1, 2, 3]));
  });

  test('shares its runs with others, and with requests of none', async () => {
    const runner = new StatefulRunner();
    for (const sequence of ['a', 'b']) runner.send({ x: 1, sequence, start: true });
    runner.send({ x: [7, 8] });
    for (const sequence of ['a', 'b']) runner.send({ x: 2, sequence });
    await runner.clock.advance(20);
    expect(runner.runs).toEqual([
      [1, 1, 7, 8],
      [2, 2],
    ]);
    expect(runner.end(3).y).toEqual([step(0, 7), step(0, 8)]);
  });

  test('whose start and end are one request is no longer open after it', async () => {
    const runner = new StatefulRunner();
    expect((await runner.ask({ x: 1, sequence: 'a', start: true, end: true })).outcome).toBe('answered');
    expect((await runner.ask({ x: 2, sequence: 'a' })).outcome).toBe('invalid_request');
  });
});

describe('a request without a sequence', () => {
  test('runs from the initial state and keeps nothing', async () => {
    const runner = new StatefulRunner();
    for (let time = 0; time < 2; time += 1) expect((await runner.ask({ x: 4 })).y).toEqual(outputs([4]));
    expect(runner.counts).toEqual([]);
  });

  test('is also one that is to be none of its sequence: it changes nothing there', async () => {
    const runner = new StatefulRunner();
    await runner.ask({ x: 1, sequence: 'a', start: true });
    for (const more of [{ start: true }, { end: true }, {}]) {
      expect((await runner.ask({ x: 8, sequence: 'a', detached: true, ...more })).y).toEqual(outputs([8]));
    }
    expect((await runner.ask({ x: 2, sequence: 'a' })).y).toEqual(outputs([1, 2]).slice(1));
  });
});

describe('wrong use is refused and changes nothing', () => {
  test.each([
    ['a sequence that was never started', { x: 1, sequence: 'b' }, /"b" was never started, has ended, or/],
    ['a second start', { x: 1, sequence: 'a', start: true }, /"a" is open/],
    ['a start without an id', { x: 1, start: true }, /"sequence_start" and "sequence_end" need a "sequence_id"/],
    ['an end without an id', { x: 1, end: true }, /need a "sequence_id"/],
    ['an id like a text', { x: 1, sequence: 'a'.repeat(257), start: true }, /256 characters, got 257/],
    ['several rows', { x: [1, 2], sequence: 'a' }, /one row, the inputs of this one have 2/],
  ])('%s', async (_what, request, message) => {
    const runner = new StatefulRunner();
    await runner.ask({ x: 1, sequence: 'a', start: true });
    const { outcome, error } = await runner.ask(request);
    expect([outcome, error?.message]).toEqual(['invalid_request', expect.stringMatching(message)]);
    expect((await runner.ask({ x: 2, sequence: 'a' })).y).toEqual(outputs([1, 2]).slice(1));
  });

  test('what follows the end of a sequence, also where it was sent before the end was answered', async () => {
    const runner = new StatefulRunner();
    runner.send({ x: 1, sequence: 'a', start: true });
    const ids = [{ end: true }, {}, { start: true }, {}].map((more) => runner.send({ x: 2, sequence: 'a', ...more }));
    await runner.clock.advance(20);
    const outcomes = ids.map((id) => runner.end(id).outcome);
    expect(outcomes).toEqual(['answered', 'invalid_request', 'answered', 'answered']);
  });
});

describe('the state stays as it was', () => {
  test('when a run fails', async () => {
    const runner = new StatefulRunner();
    runner.refuses = (x) => x === 13;
    await runner.ask({ x: 1, sequence: 'a', start: true });
    expect((await runner.ask({ x: 13, sequence: 'a' })).outcome).toBe('model_rejected_input');
    expect((await runner.ask({ x: 13, sequence: 'a', end: true })).outcome).toBe('model_rejected_input');
    expect((await runner.ask({ x: 2, sequence: 'a' })).y).toEqual(outputs([1, 2]).slice(1));
  });

  test('when it fails because of another request in it, and the sequence goes on', async () => {
    const runner = new StatefulRunner();
    runner.refuses = (x) => x === 13;
    await runner.ask({ x: 1, sequence: 'a', start: true });
    runner.send({ x: 13 });
    const id = runner.send({ x: 2, sequence: 'a' });
    await runner.clock.advance(20);
    expect(runner.runs).toEqual([[1], [13, 2], [13], [2]]);
    expect(runner.end(id).y).toEqual(outputs([1, 2]).slice(1));
  });

  test('when the start fails: then there is no sequence', async () => {
    const runner = new StatefulRunner();
    runner.refuses = (x) => x === 13;
    const ids = [{ x: 13, start: true }, { x: 2 }, { x: 1, start: true }].map((more) =>
      runner.send({ sequence: 'a', ...more }),
    );
    await runner.clock.advance(20);
    const outcomes = ids.map((id) => runner.end(id).outcome);
    expect(outcomes).toEqual(['model_rejected_input', 'invalid_request', 'answered']);
  });

  test('when a request is cancelled, or its time is over, before it is run; what follows it is run', async () => {
    const runner = new StatefulRunner();
    await runner.ask({ x: 1, sequence: 'a', start: true });
    runner.runMs = 100;
    runner.send({ x: 50 });
    await runner.clock.advance(1);
    const late = runner.send({ x: 60, sequence: 'a', deadlineInMs: 20 });
    const cancelled = runner.send({ x: 70, sequence: 'a' });
    const lateBehind = runner.send({ x: 80, sequence: 'a', deadlineInMs: 20 });
    const last = runner.send({ x: 2, sequence: 'a' });
    await runner.clock.advance(1);
    runner.scheduler.cancel(cancelled);
    await runner.clock.advance(300);
    const outcomes = [late, cancelled, lateBehind].map((id) => runner.end(id).outcome);
    expect(outcomes).toEqual(['deadline_exceeded', 'request_cancelled', 'deadline_exceeded']);
    expect(runner.end(last).y).toEqual(outputs([1, 2]).slice(1));
    expect(runner.runs).toEqual([[1], [50], [2]]);
  });

  test('when that happens in the line, and behind it', async () => {
    const runner = new StatefulRunner({ maxBatchSize: 1 });
    await runner.ask({ x: 1, sequence: 'a', start: true });
    await runner.ask({ x: 1, sequence: 'b', start: true });
    runner.runMs = 100;
    runner.send({ x: 50 });
    await runner.clock.advance(1);
    // All of these are decoded after that run, and then wait for the one of the most urgent.
    runner.send({ x: 51, priority: 1 });
    const cancelled = [60, 70].map((x) => runner.send({ x, sequence: 'a' }));
    const late = [60, 70].map((x) => runner.send({ x, sequence: 'b', deadlineInMs: 150 }));
    const last = ['a', 'b'].map((sequence) => runner.send({ x: 2, sequence }));
    await runner.clock.advance(110);
    for (const id of cancelled) runner.scheduler.cancel(id);
    await runner.clock.advance(1000);
    expect(cancelled.map((id) => runner.end(id).outcome)).toEqual(['request_cancelled', 'request_cancelled']);
    expect(late.map((id) => runner.end(id).outcome)).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    for (const id of last) expect(runner.end(id).y).toEqual(outputs([1, 2]).slice(1));
    expect(runner.runs).toEqual([[1], [1], [50], [51], [2], [2]]);
  });

  test('when a request is dropped because a run would take too long for it', async () => {
    const runner = new StatefulRunner();
    runner.runMs = 100;
    await runner.ask({ x: 1, sequence: 'a', start: true });
    for (let time = 0; time < 3; time += 1) await runner.ask({ x: 50 });
    const late = runner.send({ x: 60, sequence: 'a', deadlineInMs: 50 });
    const last = runner.send({ x: 2, sequence: 'a' });
    await runner.clock.advance(200);
    expect(runner.end(late).outcome).toBe('deadline_exceeded');
    expect(runner.end(last).y).toEqual(outputs([1, 2]).slice(1));
    expect(runner.runs).not.toContainEqual([60]);
  });

  test('when the model gives a state of another shape', async () => {
    const runner = new StatefulRunner();
    await runner.ask({ x: 1, sequence: 'a', start: true });
    runner.stateShape = () => [1, 2];
    const { outcome, error } = await runner.ask({ x: 9, sequence: 'a' });
    expect([outcome, error?.message]).toEqual(['internal', expect.stringContaining('shape [1, 2] as state "h_out"')]);
    runner.stateShape = () => [1, 1];
    expect((await runner.ask({ x: 2, sequence: 'a' })).y).toEqual(outputs([1, 2]).slice(1));
  });
});

describe('sequences are bounded', () => {
  test('in the memory of what stands behind others, which is free again when that has gone', async () => {
    const runner = new StatefulRunner({ maxBodyBytes: 500 });
    runner.runMs = 10;
    for (let round = 0; round < 5; round += 1) {
      const ids = [1, 2, 3, 4].map((x) => runner.send({ x, sequence: 'a', start: x === 1, end: true }));
      await runner.clock.advance(1);
      for (const id of ids.slice(2)) runner.scheduler.cancel(id);
      await runner.clock.advance(20);
      const outcomes = ids.map((id) => runner.end(id).outcome);
      expect(outcomes).toEqual(['answered', 'invalid_request', 'request_cancelled', 'request_cancelled']);
    }
    // There is room for all of these, and so they share a run.
    for (const x of [6, 7, 8, 9]) runner.send({ x });
    await runner.clock.advance(20);
    expect(runner.runs.at(-1)).toEqual([6, 7, 8, 9]);
  });

  test('in number: the next start is refused until one has ended', async () => {
    const runner = new StatefulRunner({ maxSequences: 2 });
    await runner.ask({ x: 1, sequence: 'a', start: true });
    await runner.clock.advance(19_998);
    await runner.ask({ x: 1, sequence: 'b', start: true });
    const { outcome, error } = await runner.ask({ x: 1, sequence: 'c', start: true });
    expect([outcome, error?.retryAfterS, error?.details]).toEqual(['queue_full', 40, { limit: 2 }]);
    await runner.ask({ x: 1, sequence: 'b', end: true });
    expect((await runner.ask({ x: 1, sequence: 'c', start: true })).outcome).toBe('answered');
  });

  test('in number: what is being started counts', async () => {
    const runner = new StatefulRunner({ maxSequences: 1 });
    const ids = ['a', 'b'].map((sequence) => runner.send({ x: 1, sequence, start: true }));
    await runner.clock.advance(20);
    expect(ids.map((id) => runner.end(id).outcome)).toEqual(['answered', 'queue_full']);
  });

  test('in idle time, which begins anew with each request', async () => {
    const runner = new StatefulRunner({ sequenceIdleMs: 100 });
    await runner.ask({ x: 1, sequence: 'a', start: true });
    await runner.clock.advance(60);
    await runner.ask({ x: 1, sequence: 'b', start: true });
    await runner.ask({ x: 2, sequence: 'a' });
    await runner.clock.advance(60);
    expect((await runner.ask({ x: 3, sequence: 'a' })).y).toEqual(outputs([1, 2, 3]).slice(2));
    await runner.clock.advance(60);
    expect((await runner.ask({ x: 2, sequence: 'b' })).error?.message).toContain('for 100 ms');
    expect(runner.counts).toEqual([1, 2, 1]);
    await runner.clock.advance(200);
    expect(runner.counts).toEqual([1, 2, 1, 0]);
    expect(runner.clock.pendingTimers).toBe(0);
  });

  test('one whose request waits is not idle, also behind a long run; another one is meanwhile', async () => {
    const runner = new StatefulRunner({ sequenceIdleMs: 100 });
    await runner.ask({ x: 1, sequence: 'b', start: true });
    await runner.clock.advance(50);
    await runner.ask({ x: 1, sequence: 'a', start: true });
    await runner.clock.advance(60);
    runner.runMs = 500;
    runner.send({ x: 50 });
    await runner.clock.advance(1);
    const id = runner.send({ x: 2, sequence: 'a' });
    await runner.clock.advance(600);
    expect(runner.counts).toEqual([1, 2, 1]);
    await runner.clock.advance(600);
    expect(runner.end(id).y).toEqual(outputs([1, 2]).slice(1));
  });
});

describe('a sequence that may have been open elsewhere', () => {
  test('is told to be lost, and can be started again', async () => {
    const runner = new StatefulRunner({ mayHaveLost: true });
    const { outcome, error } = await runner.ask({ x: 2, sequence: 'a' });
    expect([outcome, error?.next]).toEqual(['sequence_lost', expect.stringContaining('again')]);
    expect((await runner.ask({ x: 1, sequence: 'a', start: true })).y).toEqual(outputs([1]));
  });

  test('is forgotten where it goes on elsewhere, while others go on here', async () => {
    const runner = new StatefulRunner();
    for (const sequence of ['a', 'b']) await runner.ask({ x: 1, sequence, start: true });
    runner.scheduler.forget('a');
    expect((await runner.ask({ x: 2, sequence: 'a' })).outcome).toBe('sequence_lost');
    expect((await runner.ask({ x: 2, sequence: 'b' })).y).toEqual(outputs([1, 2]).slice(1));
    runner.scheduler.forget(undefined);
    expect((await runner.ask({ x: 3, sequence: 'b' })).outcome).toBe('sequence_lost');
    expect(runner.counts).toEqual([1, 2, 1, 0]);
  });

  test('is forgotten with what its request leaves that is being run', async () => {
    const runner = new StatefulRunner();
    await runner.ask({ x: 1, sequence: 'a', start: true });
    runner.runMs = 10;
    const id = runner.send({ x: 2, sequence: 'a' });
    await runner.clock.advance(5);
    runner.scheduler.forget('a');
    await runner.clock.advance(20);
    expect(runner.end(id).outcome).toBe('answered');
    expect((await runner.ask({ x: 3, sequence: 'a' })).outcome).toBe('sequence_lost');
  });
});

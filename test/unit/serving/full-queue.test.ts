import { describe, expect, test } from 'vitest';
import { AnswerRate } from '../../../src/serving/running/answer-rate.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

/** A model "iris" with room for two requests, whose runner answers nothing until it is told to. */
async function smallQueue(maxQueueLength = 2): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('iris', '1');
  await serving.load('iris', '1', { options: { maxQueueLength } });
  serving.engine.behaviour = () => undefined;
  return serving;
}

const ask = (serving: Serving, body: string, priority?: number) =>
  codeOf(serving.infer('iris', '1', { body, priority }));
const waiting = (serving: Serving) => [...serving.engine.latest.open].map(({ body }) => body);

async function answerAll(serving: Serving): Promise<void> {
  await settle();
  serving.engine.latest.answerAll();
}

describe('in a full queue', () => {
  test('a more urgent request takes the place of the least urgent one, and of those of the last that came', async () => {
    await using serving = await smallQueue(3);
    const outcomes = [ask(serving, 'usual'), ask(serving, 'first', 200), ask(serving, 'second', 200)];
    outcomes.push(ask(serving, 'urgent', 1));
    expect(await outcomes[2]).toBe('queue_full');
    expect(waiting(serving)).toEqual(['usual', 'first', 'urgent']);
    await answerAll(serving);
    expect(await Promise.all(outcomes)).toEqual(['succeeded', 'succeeded', 'queue_full', 'succeeded']);
    expect(serving.view('iris', '1')?.statistics).toMatchObject({ succeeded: 3, failed: { queue_full: 1 } });
  });

  test('one that is no more urgent is refused, whether it names a priority or not', async () => {
    await using serving = await smallQueue();
    const outcomes = [ask(serving, 'a'), ask(serving, 'b', 100)];
    for (const priority of [undefined, 100, 101]) expect(await ask(serving, 'c', priority)).toBe('queue_full');
    await answerAll(serving);
    expect(await Promise.all(outcomes)).toEqual(['succeeded', 'succeeded']);
  });

  test('what the runner has begun with keeps its place', async () => {
    await using serving = await smallQueue();
    const outcomes = [ask(serving, 'begun', 200), ask(serving, 'waits', 150)];
    const [first] = serving.engine.latest.open;
    if (first !== undefined) serving.engine.latest.begin(first);
    outcomes.push(ask(serving, 'urgent', 1));
    expect(await outcomes[1]).toBe('queue_full');
    const next = [...serving.engine.latest.open].find(({ body }) => body === 'urgent');
    if (next !== undefined) serving.engine.latest.begin(next);
    expect(await ask(serving, 'too late', 1)).toBe('queue_full');
    await answerAll(serving);
    expect(await Promise.all(outcomes)).toEqual(['succeeded', 'queue_full', 'succeeded']);
  });

  test('one that waits for a fresh runner gives its place too, and is not sent to it', async () => {
    await using serving = await smallQueue(1);
    const lost = ask(serving, 'lost', 200);
    serving.engine.latest.crash();
    await settle();
    const urgent = ask(serving, 'urgent', 1);
    expect(await lost).toBe('queue_full');
    await serving.clock.advance(1);
    expect(waiting(serving)).toEqual(['urgent']);
    await answerAll(serving);
    expect(await urgent).toBe('succeeded');
  });

  test('what gave its place is not held any more', async () => {
    await using serving = await smallQueue(1);
    const outcomes = [ask(serving, 'less', 200), ask(serving, 'more', 1)];
    await answerAll(serving);
    await Promise.all(outcomes);
    expect(serving.payloads.usedBytes).toBe(0);
  });
});

describe('who is refused is told to come back', () => {
  const retryAfter = (serving: Serving) =>
    serving.infer('iris').then(
      () => undefined,
      (error: { retryAfterS?: number }) => error.retryAfterS,
    );

  test('when what waits will have been answered, at the rate at which answers come', async () => {
    await using serving = await smallQueue(20);
    const outcomes = Array.from({ length: 20 }, () => ask(serving, 'x'));
    for (let answered = 0; answered < 4; answered += 1) {
      await serving.clock.advance(500);
      const [next] = serving.engine.latest.open;
      if (next !== undefined) serving.engine.latest.answer(next);
      await settle();
      outcomes.push(ask(serving, 'x'));
    }
    // 20 wait, and 2 are answered in a second.
    expect(await retryAfter(serving)).toBe(10);
    await answerAll(serving);
    await Promise.all(outcomes);
  });

  test('after a second while nothing was answered, and after a minute at most', async () => {
    await using serving = await smallQueue(100);
    const outcomes = Array.from({ length: 100 }, () => ask(serving, 'x'));
    expect(await retryAfter(serving)).toBe(1);
    await serving.clock.advance(3000);
    const [next] = serving.engine.latest.open;
    if (next !== undefined) serving.engine.latest.answer(next);
    await settle();
    outcomes.push(ask(serving, 'x'));
    expect(await retryAfter(serving)).toBe(60);
    await answerAll(serving);
    await Promise.all(outcomes);
  });
});

describe('the rate of answers', () => {
  test('is not known before the first', () => {
    const rate = new AnswerRate();
    rate.begin(5000);
    expect(rate.msFor(3, 6000)).toBeUndefined();
  });

  test('leaves out when there was nothing to do', () => {
    const rate = new AnswerRate();
    rate.begin(5000);
    rate.note();
    rate.begin(900_000);
    for (let i = 0; i < 4; i += 1) rate.note();
    expect(rate.msFor(2, 900_400)).toBe(200);
  });

  test('is of ten seconds or twice that: what was before is forgotten', () => {
    const rate = new AnswerRate();
    rate.begin(0);
    for (let i = 0; i < 10; i += 1) rate.note();
    expect(rate.msFor(1, 10_000)).toBe(1000);
    rate.tick(10_000);
    for (let i = 0; i < 100; i += 1) rate.note();
    expect(rate.msFor(1, 20_000)).toBeCloseTo(20_000 / 110);
    rate.tick(20_000);
    for (let i = 0; i < 100; i += 1) rate.note();
    expect(rate.msFor(1, 30_000)).toBe(100);
  });

  test('is of late even after an hour without an idle moment in which nobody asked', () => {
    const rate = new AnswerRate();
    rate.begin(0);
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1000) {
      for (let i = 0; i < 20; i += 1) rate.note();
      rate.tick(nowMs);
    }
    for (let nowMs = 3_600_000; nowMs < 3_620_000; nowMs += 1000) {
      for (let i = 0; i < 1000; i += 1) rate.note();
      rate.tick(nowMs);
    }
    expect(rate.msFor(1000, 3_620_000)).toBeLessThan(1100);
  });
});

import { expect, test } from 'vitest';
import { Linger } from '../../../src/adapters/onnx/runner/linger.ts';

const WINDOW_MS = 0.15;

/** Time and the turns of an event loop, each of which takes 0.01 ms. */
class Loop {
  nowMs = 0;
  readonly linger = new Linger(
    WINDOW_MS,
    () => this.nowMs,
    (action) => this.#due.push(action),
  );
  #due: (() => void)[] = [];

  work(): void {
    this.linger.begin();
    this.nowMs += 0.05;
    this.linger.end();
  }

  /** @returns for how many turns the loop does not sleep */
  turns(most = 1000): number {
    let count = 0;
    while (this.#due.length > 0 && count < most) {
      const due = this.#due;
      this.#due = [];
      for (const action of due) action();
      this.nowMs += 0.01;
      count += 1;
    }
    return count;
  }
}

test('after work that comes now and then the loop sleeps', () => {
  const loop = new Loop();
  for (let i = 0; i < 3; i += 1) {
    loop.work();
    expect(loop.turns()).toBe(0);
    loop.nowMs += 10;
  }
});

test('after work that follows quickly it stays awake for the window, and no longer', () => {
  const loop = new Loop();
  loop.work();
  loop.nowMs += 0.1;
  loop.work();
  expect(loop.turns()).toBeGreaterThanOrEqual(15);
  expect(loop.turns()).toBe(0);
});

test('work that comes while it is awake finds it so, and begins another window', () => {
  const loop = new Loop();
  loop.work();
  for (let i = 0; i < 5; i += 1) {
    loop.nowMs += 0.02;
    loop.work();
    expect(loop.turns(3)).toBe(3);
  }
  expect(loop.turns()).toBeGreaterThan(5);
});

test('one who came late is not waited for', () => {
  const loop = new Loop();
  loop.work();
  loop.nowMs += 0.1;
  loop.work();
  loop.turns();
  loop.nowMs += 5;
  loop.work();
  expect(loop.turns()).toBe(0);
});

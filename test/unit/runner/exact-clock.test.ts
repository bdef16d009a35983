import { expect, test } from 'vitest';
import { exactClock } from '../../../src/adapters/onnx/runner/exact-clock.ts';

const fired = (delayMs: number) =>
  new Promise<number>((resolve) => {
    const fromMs = exactClock.monotonicMs();
    exactClock.after(delayMs, () => resolve(exactClock.monotonicMs() - fromMs));
  });

test.each([0, 0.2, 1.7, 5.3])('a timer of %d ms does not fire before its time', async (delayMs) => {
  expect(await fired(delayMs)).toBeGreaterThanOrEqual(delayMs);
});

test('timers fire in the order of their times, whole milliseconds or not', async () => {
  const order: number[] = [];
  const at = (ms: number) => fired(ms).then(() => order.push(ms));
  await Promise.all([at(20.5), at(0.3), at(8)]);
  expect(order).toEqual([0.3, 8, 20.5]);
});

test.each([0.5, 3.5])('one of %d ms that is disposed of never fires', async (delayMs) => {
  let isFired = false;
  exactClock
    .after(delayMs, () => {
      isFired = true;
    })
    [Symbol.dispose]();
  await fired(delayMs + 5);
  expect(isFired).toBe(false);
});

import { expect, test } from 'vitest';
import { systemClock } from '../../../src/adapters/clock.ts';

test('an action is never called before its time, nor after it was taken back', async () => {
  const startedAt = systemClock.monotonicMs();
  let takenBack = false;
  systemClock
    .after(1, () => {
      takenBack = true;
    })
    [Symbol.dispose]();
  const keepAlive = setInterval(() => undefined, 1);
  await new Promise<void>((resolve) => systemClock.after(5.5, resolve));
  clearInterval(keepAlive);
  expect(systemClock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(5.5);
  expect(takenBack).toBe(false);
});

test('a delay that no timer can hold does not fire at once', async () => {
  let fired = false;
  using _timer = systemClock.after(1e12, () => {
    fired = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(fired).toBe(false);
});

import type { Clock } from '../serving/ports/clock.ts';

/** The system's time. */
export const systemClock: Clock = {
  epochMs: () => Date.now(),
  // CLOCK_MONOTONIC, which all processes of the machine share; performance.now() counts from each process's start.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

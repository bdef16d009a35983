import type { Clock } from '../serving/ports/clock.ts';

/** The longest that a Node timer can wait; what is longer would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's time. The monotonic clock is the system's, and so the same in every process. */
export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  after: (delayMs, action) => {
    // Timers count whole milliseconds: rounded up, so that none fires before its time.
    const timer = setTimeout(action, Math.min(LONGEST_DELAY_MS, Math.ceil(delayMs)));
    timer.unref();
    return {
      [Symbol.dispose]: () => clearTimeout(timer),
    };
  },
};

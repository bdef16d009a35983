import type { Clock } from '../../../serving/ports/clock.ts';
import { systemClock } from '../../clock.ts';

/**
 * The machine's time, with timers that keep fractions of a millisecond. Node's count whole ones: the last of them is
 * spent in turns of the event loop, which hears of everything meanwhile and costs processor time. For a process that has
 * nothing else to do.
 */
export const exactClock: Pick<Clock, 'monotonicMs' | 'after'> = {
  monotonicMs: systemClock.monotonicMs,
  after: (delayMs, action) => {
    const atMs = systemClock.monotonicMs() + delayMs;
    let turn: NodeJS.Immediate | undefined;
    const look = (): void => {
      if (systemClock.monotonicMs() >= atMs) action();
      else turn = setImmediate(look);
    };
    const wholeMs = Math.ceil(delayMs) - 1;
    // What is less than a millisecond would be rounded up to one.
    const timer = wholeMs >= 1 ? setTimeout(look, wholeMs) : undefined;
    if (timer === undefined) turn = setImmediate(look);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        clearImmediate(turn);
      },
    };
  },
};

import { AppError } from '../core/errors.ts';
import type { CancelSignal } from './ports/cancel-signal.ts';
import type { Clock } from './ports/clock.ts';

/** Waits for `work`, or until the signal aborts. The work goes on either way. @throws AppError `request_cancelled` */
export async function waitUnlessAborted<T>(work: Promise<T>, signal: CancelSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new AppError('request_cancelled', 'The caller gave the request up.'));
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/**
 * Waits for `work` until the deadline. The work goes on either way.
 * @param deadlineMs monotonic milliseconds
 * @throws AppError `deadline_exceeded`
 */
export async function waitUntil<T>(work: Promise<T>, clock: Clock, deadlineMs: number, whatFor: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () =>
    reject(new AppError('deadline_exceeded', `The deadline passed while ${whatFor}.`)),
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    timer[Symbol.dispose]();
  }
}

/**
 * Something that is to be disposed of and may still be on its way: whoever stops waiting for it disposes of this, and
 * it is disposed of when it comes.
 */
export class LateDisposal implements Disposable {
  #held: Disposable | undefined;
  #isOver = false;

  /** Nobody waits any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The same work; what it gives is held from then on. */
  async of<T extends Disposable>(work: Promise<T>): Promise<void> {
    const held = await work;
    if (this.#isOver) held[Symbol.dispose]();
    else this.#held = held;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }
}

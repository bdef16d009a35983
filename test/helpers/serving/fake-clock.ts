import type { Clock } from '../../../src/serving/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly action: () => void;
}

/** Lets everything that is ready to go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that stands still until it is told to go on. It does not start at 0. */
export class FakeClock implements Clock {
  #nowMs = 5_000;
  readonly #epochOffsetMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();
  readonly #settle: () => Promise<void>;

  /** @param settled waits until nothing happens any more without time going on; by default one turn of the event loop */
  constructor(settled: () => Promise<void> = settle) {
    this.#settle = settled;
  }

  epochMs(): number {
    return this.#epochOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Disposable {
    const timer: Timer = { atMs: this.#nowMs + delayMs, action };
    this.#timers.add(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers.delete(timer);
      },
    };
  }

  /** Time goes on while a thread is held up: nothing that is due happens before it is free again. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Goes on by `ms`, firing what is due in its order and letting its consequences happen before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#settle();
    for (let due = this.#nextDue(untilMs); due !== undefined; due = this.#nextDue(untilMs)) {
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.action();
      await this.#settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    await this.#settle();
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

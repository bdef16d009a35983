/** One unasked end of a runner, or a start that failed. */
export interface Crash {
  readonly atMs: number;
  readonly reason: string;
  /** A request was proven to have caused it: it says nothing about the model. */
  attributed: boolean;
}

export const CRASH_WINDOW_MS = 60_000;
export const CRASHES_UNTIL_FAILED = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** How often a version's runner ended unasked of late, and what follows from it. Times are monotonic milliseconds. */
export class CrashHistory {
  #crashes: Crash[] = [];

  record(nowMs: number, reason: string): Crash {
    const crash: Crash = { atMs: nowMs, reason, attributed: false };
    this.#crashes = [...this.#recent(nowMs), crash];
    return crash;
  }

  /** Crashes within the window that no request was proven to have caused. */
  count(nowMs: number): number {
    return this.#recent(nowMs).filter((crash) => !crash.attributed).length;
  }

  isLooping(nowMs: number): boolean {
    return this.count(nowMs) >= CRASHES_UNTIL_FAILED;
  }

  /** How long to wait before the next start: nothing after the first crash, then 100, 200, 400 … 5,000 ms. */
  delayMs(nowMs: number): number {
    const count = this.count(nowMs);
    return count <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 2));
  }

  #recent(nowMs: number): Crash[] {
    return this.#crashes.filter((crash) => nowMs - crash.atMs < CRASH_WINDOW_MS);
  }
}

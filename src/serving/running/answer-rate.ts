/** For so long at most what was counted is all that counts; then it counts beside what came after. */
const WINDOW_MS = 10_000;

/** How fast requests are finished with while there are any. */
export class AnswerRate {
  #finished = 0;
  #sinceMs = 0;
  #earlier = { finished: 0, ms: 0 };

  /** There was nothing to do until now, which says nothing of how fast it is done. @param nowMs monotonic */
  begin(nowMs: number): void {
    this.#finished = 0;
    this.#sinceMs = nowMs;
    this.#earlier = { finished: 0, ms: 0 };
  }

  note(): void {
    this.#finished += 1;
  }

  /** Time goes on: what is longer ago than the last window no longer counts. @param nowMs monotonic */
  tick(nowMs: number): void {
    const ms = nowMs - this.#sinceMs;
    if (ms < WINDOW_MS) return;
    this.#earlier = ms < 2 * WINDOW_MS ? { finished: this.#finished, ms } : { finished: 0, ms: 0 };
    this.#finished = 0;
    this.#sinceMs = nowMs;
  }

  /** In how many milliseconds so many more are finished with; undefined while none was. @param nowMs monotonic */
  msFor(count: number, nowMs: number): number | undefined {
    const ms = nowMs - this.#sinceMs;
    const finished = this.#finished + this.#earlier.finished;
    return finished === 0 ? undefined : (count * (ms + this.#earlier.ms)) / finished;
  }
}

/** Shorter bodies are decoded in less time than thinking about it takes. */
const FROM_BYTES = 64 * 1024;
/** Weight of the latest decoding. */
const NEWEST = 0.25;
/** Runs that count, the latest, and for how long they do. */
const KEPT_RUNS = 8;
const TRUSTED_MS = 1000;

/**
 * What it takes at least from a body to its answer, by what the latest ones took: 3 MB of JSON are decoded for longer than
 * many a model runs, and who decodes what can only be late has no time for the others.
 */
export class DecodeCost {
  #msPerByte = 0;
  readonly #runsMs: number[] = [];
  #ranAtMs = Number.NEGATIVE_INFINITY;

  noteDecoded(bytes: number, ms: number): void {
    if (bytes < FROM_BYTES) return;
    const msPerByte = ms / bytes;
    this.#msPerByte = this.#msPerByte === 0 ? msPerByte : (1 - NEWEST) * this.#msPerByte + NEWEST * msPerByte;
  }

  noteRun(ms: number, nowMs: number): void {
    this.#runsMs.push(ms);
    if (this.#runsMs.length > KEPT_RUNS) this.#runsMs.shift();
    this.#ranAtMs = nowMs;
  }

  /** 0 for short bodies, and while nothing was run for a second: what is refused by an estimate can not correct it. */
  leastMs(bytes: number, nowMs: number): number {
    if (bytes < FROM_BYTES || nowMs - this.#ranAtMs > TRUSTED_MS) return 0;
    return this.#msPerByte * bytes + Math.min(...this.#runsMs);
  }
}

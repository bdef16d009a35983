import type { LogEntry } from '../../../core/rollout/log-entry.ts';

/** The entries of one rollout that are durable, for whoever follows it. */
export class EventLog {
  readonly #entries: LogEntry[];
  #isOver = false;
  #waiting = Promise.withResolvers<void>();

  constructor(entries: readonly LogEntry[] = []) {
    this.#entries = [...entries];
    this.#isOver = entries.some(isLast);
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Whether the entry that ends the rollout is there. */
  get isOver(): boolean {
    return this.#isOver;
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry);
    if (isLast(entry)) this.#isOver = true;
    this.#wake();
  }

  /** Nobody is to wait for more: the server ends. */
  close(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The entries after the one with this number, then each as it comes, up to the last one. */
  async *after(sequence: number, signal: AbortSignal): AsyncGenerator<LogEntry> {
    const aborted = Promise.withResolvers<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    try {
      let next = this.#entries.findIndex((entry) => entry.sequence > sequence);
      if (next < 0) next = this.#entries.length;
      while (!signal.aborted) {
        const entry = this.#entries[next];
        if (entry !== undefined) {
          next += 1;
          yield entry;
        } else if (this.#isOver) {
          return;
        } else {
          await Promise.race([this.#waiting.promise, aborted.promise]);
        }
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Resolves when it is over. */
  async ended(): Promise<void> {
    while (!this.#isOver) await this.#waiting.promise;
  }

  #wake(): void {
    const { resolve } = this.#waiting;
    this.#waiting = Promise.withResolvers();
    resolve();
  }
}

function isLast(entry: LogEntry): boolean {
  return entry.type === 'entered' && (entry.phase === 'completed' || entry.phase === 'rolled_back');
}

import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 5;
const PATIENCE_MS = 30_000;

/** What clients have seen so far. */
export interface Seen {
  readonly sent: number;
  readonly answered: number;
  /** Requests that were answered with anything but 200, or not at all: the first ones in words. */
  readonly errors: number;
  readonly firstErrors: readonly string[];
  /** Answers of the old version to what the new one had failed. */
  readonly fallbacks: number;
  /** Answers by the version that gave them. */
  readonly byVersion: ReadonlyMap<string, number>;
}

interface TrafficParts {
  readonly url: string;
  readonly modelId: string;
  /** Bodies to send, one after the other and round again. */
  readonly bodies: readonly string[];
  readonly perSecond: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const WORDS_KEPT = 3;

/** Clients that ask at a constant rate, however long the answers take: a slow server gets no rest by it. */
export class Traffic implements AsyncDisposable {
  readonly #parts: TrafficParts;
  readonly #byVersion = new Map<string, number>();
  readonly #firstErrors: string[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #sending: Promise<void> | undefined;
  #sent = 0;
  #answered = 0;
  #errors = 0;
  #fallbacks = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
  }

  get perSecond(): number {
    return this.#parts.perSecond;
  }

  get seen(): Seen {
    return {
      sent: this.#sent,
      answered: this.#answered,
      errors: this.#errors,
      firstErrors: [...this.#firstErrors],
      fallbacks: this.#fallbacks,
      byVersion: new Map(this.#byVersion),
    };
  }

  begin(): void {
    this.#sending ??= this.#send();
  }

  /** Sends no more, and waits for the answers that are under way. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#sending;
    await Promise.all(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  async #send(): Promise<void> {
    const beganAt = performance.now();
    while (!this.#ending.signal.aborted) {
      const due = ((performance.now() - beganAt) / 1000) * this.#parts.perSecond;
      while (this.#sent < due) this.#sendOne();
      await sleep(LOOK_EVERY_MS);
    }
  }

  #sendOne(): void {
    const body = this.#parts.bodies[this.#sent % this.#parts.bodies.length] ?? '';
    this.#sent += 1;
    const asked = this.#ask(body).catch((error: unknown) => this.#noteError(reasonOf(error)));
    this.#underWay.add(asked);
    void asked.finally(() => this.#underWay.delete(asked));
  }

  async #ask(body: string): Promise<void> {
    const { url, modelId, headers = {} } = this.#parts;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(`${url}/v2/models/${modelId}/infer`, { method: 'POST', body, headers, signal });
    const text = await response.text();
    if (response.status !== 200) return this.#noteError(`${response.status}: ${text}`);
    const version = response.headers.get('x-served-by')?.split('@').at(-1) ?? 'unknown';
    this.#answered += 1;
    this.#byVersion.set(version, (this.#byVersion.get(version) ?? 0) + 1);
    if (response.headers.has('x-fallback-from')) this.#fallbacks += 1;
  }

  #noteError(words: string): void {
    this.#errors += 1;
    if (this.#firstErrors.length < WORDS_KEPT) this.#firstErrors.push(words.slice(0, 300));
  }
}

/** `fetch` says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

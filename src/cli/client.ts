import type { z } from 'zod';
import type { Call } from './call.ts';

const PATIENCE_MS = 30_000;

/** What did not go as it must. The message is for the person who watches. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  /** From the request to the last byte of its answer, as this process saw it. */
  readonly ms: number;
}

/** Speaks to the server over HTTP, and takes nothing for granted that comes back. */
export class Client {
  readonly url: string;
  readonly #signal: AbortSignal;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param signal ends whatever is under way
   * @param headers of every request, such as an API key
   */
  constructor(url: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.#signal = signal;
    this.#headers = headers;
  }

  /** @throws Unexpected on any other status than `expected`, or a body that the schema does not know */
  async json<S extends z.ZodType>(call: Call, schema: S, expected = 200): Promise<Answer<z.output<S>>> {
    const answer = await this.bytes(call, expected);
    const result = schema.safeParse(jsonOf(answer.body));
    if (!result.success)
      throw new Unexpected(`${nameOf(call)}: the answer is not as documented: ${result.error.message}`);
    return { ...answer, body: result.data };
  }

  /** @throws Unexpected on any other status than `expected` */
  async bytes(call: Call, expected = 200): Promise<Answer<Uint8Array>> {
    const answer = await this.send(call);
    if (answer.status === expected) return answer;
    throw new Unexpected(`${nameOf(call)} was answered ${answer.status}: ${new TextDecoder().decode(answer.body)}`);
  }

  /**
   * Any answer will do.
   * @throws Unexpected where none comes
   */
  async send(call: Call): Promise<Answer<Uint8Array>> {
    const { method, path, headers = {}, body } = call;
    const beganAt = performance.now();
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: { ...this.#headers, ...headers },
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MS)]),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : body.bytes.slice() }),
      });
      const bytes = await response.bytes();
      return { status: response.status, headers: response.headers, body: bytes, ms: performance.now() - beganAt };
    } catch (error) {
      throw new Unexpected(`${nameOf(call)}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path}`;
}

/** `fetch` says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

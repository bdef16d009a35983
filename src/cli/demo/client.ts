import type { z } from 'zod';
import type { Call } from './curl.ts';

const PATIENCE_MS = 30_000;

/** A step that did not go as it must. The message is for the person who watches. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
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

  /** @param signal ends whatever is under way */
  constructor(url: string, signal: AbortSignal) {
    this.url = url;
    this.#signal = signal;
  }

  /** @throws DemoFailure on any other status than `expected`, or a body that the schema does not know */
  async json<S extends z.ZodType>(call: Call, schema: S, expected = 200): Promise<Answer<z.output<S>>> {
    const answer = await this.bytes(call, expected);
    const result = schema.safeParse(JSON.parse(new TextDecoder().decode(answer.body)));
    if (!result.success)
      throw new DemoFailure(`${nameOf(call)}: the answer is not as documented: ${result.error.message}`);
    return { ...answer, body: result.data };
  }

  /** @throws DemoFailure on any other status than `expected` */
  async bytes(call: Call, expected = 200): Promise<Answer<Uint8Array>> {
    const { method, path, headers = {}, body } = call;
    const beganAt = performance.now();
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await fetch(`${this.url}${path}`, {
        method,
        headers,
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MS)]),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : body.bytes.slice() }),
      });
      bytes = await response.bytes();
    } catch (error) {
      throw new DemoFailure(`${nameOf(call)}: ${reasonOf(error)}`, { cause: error });
    }
    const ms = performance.now() - beganAt;
    if (response.status !== expected) {
      throw new DemoFailure(`${nameOf(call)} was answered ${response.status}: ${new TextDecoder().decode(bytes)}`);
    }
    return { status: response.status, headers: response.headers, body: bytes, ms };
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

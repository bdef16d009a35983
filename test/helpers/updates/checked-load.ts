import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../simulation/random.ts';
import { LoadTally } from './load-tally.ts';
import { FIRST_LIVE_INPUT, rightAnswer, type VersionSpec } from './version-model.ts';

export interface CheckedLoadOptions {
  /** Where the server listens: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly modelId: string;
  readonly ratePerSecond: number;
  /** How long the server has for each request. */
  readonly timeoutMs: number;
  readonly seed: number;
  readonly specOf: (version: string) => VersionSpec | undefined;
}

const TICK_MS = 2;
/** How long a client that was promised an answer waits on top of the request's time. */
const GRACE_MS = 10_000;

/**
 * Sends requests to one model at a fixed rate, whatever the server does, and checks each answer: that it carries its
 * request's id, and that it is what the version that it names must answer to this input. No input is sent twice, so the
 * answer to another request is never right; two answers to one request would put all later ones of its connection off by
 * one, and their ids would tell.
 */
export class CheckedLoad implements AsyncDisposable {
  readonly #options: CheckedLoadOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #path: string;
  readonly #random;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #tally = new LoadTally();

  constructor(options: CheckedLoadOptions) {
    this.#options = options;
    this.#path = `/v2/models/${options.modelId}/infer`;
    this.#random = seededRandom(options.seed);
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  /** What is sent from now on is counted in another tally, which is returned. */
  beginTally(): LoadTally {
    this.#tally = new LoadTally();
    return this.#tally;
  }

  /** Sends no more, and waits for the last answers. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await settled(this.#tally);
    this.#agent.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #sendDue(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * this.#options.ratePerSecond) / 1000);
    while (this.#sent < due) this.#send();
  }

  #send(): void {
    this.#sent += 1;
    const id = String(this.#sent);
    const x = FIRST_LIVE_INPUT + 100 * this.#sent + Math.floor(100 * this.#random());
    const body = JSON.stringify({ id, inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [x] }] });
    const tally = this.#tally;
    tally.sent += 1;
    tally.pending += 1;
    const { url, timeoutMs } = this.#options;
    const outgoing = request(`${url}${this.#path}`, {
      method: 'POST',
      agent: this.#agent,
      timeout: timeoutMs + GRACE_MS,
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'x-request-timeout-ms': timeoutMs,
      },
    });
    const lose = (error: Error): void => {
      tally.pending -= 1;
      tally.lost.push(`${x}: ${error.message}`);
    };
    outgoing.once('error', lose);
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer came')));
    outgoing.once('response', (incoming) => {
      outgoing.off('error', lose);
      textOf(incoming).then((text) => {
        tally.pending -= 1;
        this.#judge(tally, id, x, incoming, text);
      }, lose);
    });
    outgoing.end(body);
  }

  #judge(tally: LoadTally, id: string, x: number, { statusCode, headers }: IncomingMessage, text: string): void {
    if (headers['x-fallback-from'] !== undefined) tally.fallbacks += 1;
    if (statusCode !== 200) {
      tally.errors.push(`${x}: ${statusCode} ${text}`);
      return;
    }
    const answer = JSON.parse(text);
    const version = String(answer.model_version);
    const spec = this.#options.specOf(version);
    const isRight =
      answer.id === id &&
      headers['x-served-by'] === `${this.#options.modelId}@${version}` &&
      spec !== undefined &&
      answer.outputs?.[0]?.data?.[0] === rightAnswer(spec, x);
    if (isRight) tally.countRight(version);
    else tally.wrong.push(`${x} (request ${id}): ${text}`);
  }
}

/** Resolves when every request of the tally is answered or lost. */
export async function settled(tally: LoadTally): Promise<void> {
  while (tally.pending > 0) await delay(TICK_MS);
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let text = '';
  for await (const chunk of incoming) text += chunk;
  return text;
}

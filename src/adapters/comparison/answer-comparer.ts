import { Worker } from 'node:worker_threads';
import type { AnswerComparer, AnswerComparison, ComparedAnswer } from '../../serving/ports/comparison.ts';
import type { ComparisonReply, ComparisonRequest } from './messages.ts';

/** The thread starts at the first comparison, and keeps no process alive. Should it end by itself, the next starts another. */
export function openAnswerComparer(): AnswerComparer {
  return new ThreadedComparer();
}

type Waiting = PromiseWithResolvers<AnswerComparison>;

class ThreadedComparer implements AnswerComparer {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #isClosed = false;

  async compare(serving: ComparedAnswer, candidate: ComparedAnswer): Promise<AnswerComparison> {
    if (this.#isClosed) throw closed();
    const waiting: Waiting = Promise.withResolvers();
    const request = { id: this.#nextId++, serving: ownCopy(serving), candidate: ownCopy(candidate) };
    this.#worker ??= this.#start();
    this.#waiting.set(request.id, waiting);
    this.#worker.postMessage(request satisfies ComparisonRequest, [
      request.serving.body.buffer,
      request.candidate.body.buffer,
    ]);
    return waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#rejectAll(closed());
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const entry = new URL(`./comparison-worker${extension}`, import.meta.url);
    const worker = new Worker(entry, { name: 'comparison', env: {}, execArgv: [] });
    worker.on('message', (reply: ComparisonReply) => this.#settle(reply));
    // It is always followed by the end.
    worker.on('error', (error) => this.#rejectAll(error));
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#rejectAll(new Error('the thread that compares answers ended'));
    });
    // Last: the first listener for messages takes it back (https://github.com/nodejs/node/issues/53036).
    worker.unref();
    return worker;
  }

  #settle(reply: ComparisonReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.comparison);
    else waiting?.reject(new Error(reply.reason));
  }

  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** With a buffer of nobody else's, which can move to the thread. Otherwise all of a pool would be copied. */
function ownCopy({ body, headerLength }: ComparedAnswer): ComparedAnswer & { readonly body: Uint8Array<ArrayBuffer> } {
  return { body: new Uint8Array(body), headerLength };
}

function closed(): Error {
  return new Error('the comparer of answers is closed');
}

import type { Runner, RunReply, RunRequest } from '../ports/engine.ts';
import type { Crash } from './crash-history.ts';
import type { Instance } from './instance.ts';
import type { Loss, LossVerdict, OnLost } from './loss.ts';

/** One request in the care of a supervisor, answered exactly once, whatever happens to runners meanwhile. */
export class Ticket {
  readonly answer: Promise<RunReply>;
  /** As it is to be run next: `alone` once it was in a batch that killed its runner. */
  request: RunRequest;
  /** Where it is; undefined while it waits for a runner. */
  runner: Runner | undefined;
  /** The crash that it may have caused. */
  suspectedIn: Crash | undefined;
  /** Who alone is to run it next. Undefined: whoever has the least to do. */
  keptFor: Instance | undefined;
  #answered = false;
  readonly #resolve: (reply: RunReply) => void;
  readonly #reject: (error: unknown) => void;

  readonly #onLost: OnLost | undefined;

  constructor(request: RunRequest, onLost?: OnLost) {
    const { promise, resolve, reject } = Promise.withResolvers<RunReply>();
    this.answer = promise;
    this.request = request.onBegan === undefined ? request : { ...request, onBegan: once(request.onBegan) };
    this.#onLost = onLost;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** Its runner ended before it answered. @returns whether the request may be run again */
  lose(loss: Loss): LossVerdict {
    return this.#onLost?.(loss) ?? 'retry';
  }

  succeed(reply: RunReply): void {
    this.#answered = true;
    this.#resolve(reply);
  }

  fail(error: unknown): void {
    this.#answered = true;
    this.#reject(error);
  }
}

/** A request that is run again has begun before. */
function once(tell: () => void): () => void {
  let isTold = false;
  return () => {
    if (isTold) return;
    isTold = true;
    tell();
  };
}

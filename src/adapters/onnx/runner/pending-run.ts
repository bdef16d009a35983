import { AppError } from '../../../core/errors.ts';
import { type RunnerExit, RunnerLost, type RunReply, type RunRequest } from '../../../serving/ports/engine.ts';
import type { ErrorMessage, PartMessage } from './messages.ts';
import type { ArenaPayload } from './payload.ts';
import type { ResponseArena } from './response-arena.ts';

/** A request that a runner has and has not answered yet, as the front keeps it. */
export class PendingRun {
  readonly request: Pick<RunRequest, 'deadlineMs' | 'onBegan'>;
  /** Told when the runner is done with it. A signal may outlive many requests: it must not keep their answers. */
  onEnd: (() => void) | undefined;
  readonly #payload: ArenaPayload;
  readonly #resolve: (reply: RunReply) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Uint8Array[] = [];
  /** Somebody still wants the answer. */
  #wanted = true;
  #onBegan: (() => void) | undefined;

  constructor(
    payload: ArenaPayload,
    request: Pick<RunRequest, 'deadlineMs' | 'onBegan'>,
    resolve: (reply: RunReply) => void,
    reject: (error: Error) => void,
  ) {
    this.request = request;
    this.#onBegan = request.onBegan;
    this.#payload = payload;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The runner runs it. It may do so again, by itself, where the batch that it was in has failed: only the first counts. */
  began(): void {
    const tell = this.#onBegan;
    this.#onBegan = undefined;
    if (this.#wanted) tell?.();
  }

  /** Takes a part of the answer. True when it was the last one. */
  take(part: PartMessage, arena: ResponseArena): boolean {
    if (this.#wanted) this.#chunks.push(part.inline ?? arena.read(part));
    if (!part.last) return false;
    const [only] = this.#chunks;
    const { decodeMs, queueMs, computeMs, encodeMs, batchSize, headerLength, contentEncoding, observed } = part;
    this.#end(() =>
      this.#resolve({
        body: this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks),
        headerLength,
        contentEncoding,
        batchSize,
        timings: { decodeMs, queueMs, computeMs, encodeMs },
        ...(observed === undefined ? {} : { observed }),
      }),
    );
    return true;
  }

  /** Ends it with an error, whatever parts of an answer have come. */
  refuse(error: ErrorMessage): void {
    const { code, message, next, retryAfterS, details } = error;
    this.#end(() =>
      this.#reject(
        new AppError(code, message, {
          ...(next === undefined ? {} : { next }),
          ...(retryAfterS === undefined ? {} : { retryAfterS }),
          ...(details === undefined ? {} : { details }),
        }),
      ),
    );
  }

  /** @param began the runner was working on it when it ended */
  lose(exit: RunnerExit, began: boolean): void {
    this.#end(() => this.#reject(new RunnerLost(exit, began)));
  }

  /** The caller no longer waits. The body stays until the runner says that it is done with it. */
  abandon(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#chunks.length = 0;
    this.#reject(new AppError('request_cancelled', 'The request was cancelled.'));
  }

  #end(settle: () => void): void {
    this.#payload[Symbol.dispose]();
    this.onEnd?.();
    if (this.#wanted) settle();
  }
}

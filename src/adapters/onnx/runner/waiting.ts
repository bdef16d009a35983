import type { DecodedRequest } from '../../../core/tensor/decode-request.ts';
import type { Encoding } from './messages.ts';
import type { Statefulness } from './sequences.ts';

/** A decoded request that waits for its run. */
export interface WaitingRequest extends Statefulness {
  readonly id: number;
  readonly request: DecodedRequest;
  /** Memory that it keeps from being freed. */
  readonly heldBytes: number;
  /** Requests with the same key can share a run; undefined: this one can share with none. */
  readonly batchKey: string | undefined;
  /** First dimension of its inputs. */
  readonly rows: number;
  readonly priority: number;
  /** When the server had it whole. */
  readonly arrivedAtMs: number;
  readonly deadlineMs: number;
  readonly acceptEncoding: Encoding;
  readonly observe: boolean;
  readonly tellsBegan: boolean;
  readonly decodeMs: number;
}

/** What waits in a runner: by priority, then by arrival. */
export class WaitingLine {
  #requests: WaitingRequest[] = [];
  #heldBytes = 0;

  get length(): number {
    return this.#requests.length;
  }

  /** Memory that all of them keep from being freed. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  add(request: WaitingRequest): void {
    const requests = this.#requests;
    let at = requests.length;
    while (at > 0 && (requests[at - 1]?.priority ?? 0) > request.priority) at -= 1;
    requests.splice(at, 0, request);
    this.#heldBytes += request.heldBytes;
  }

  /** Gives a batch that could not be run together back: each goes first among its equals, and will run by itself. */
  putBack(batch: readonly WaitingRequest[]): void {
    for (const request of batch.toReversed()) {
      const found = this.#requests.findIndex(({ priority }) => priority >= request.priority);
      const at = found === -1 ? this.#requests.length : found;
      this.#requests.splice(at, 0, { ...request, batchKey: undefined });
      this.#heldBytes += request.heldBytes;
    }
  }

  /** Takes a request out. Undefined when it does not wait (any more). */
  remove(id: number): WaitingRequest | undefined {
    return this.#takeWhere((request) => request.id === id)[0];
  }

  /** Takes out what can no longer be answered in time. */
  takeExpired(nowMs: number): WaitingRequest[] {
    // Asked before every run, and hardly ever so.
    if (!this.#requests.some((request) => request.deadlineMs <= nowMs)) return [];
    return this.#takeWhere((request) => request.deadlineMs <= nowMs);
  }

  /**
   * The next batch, which stays in the line: the first in it and, in their order, all that can share its run while the
   * rows stay within `maxRows`. A single request may have more rows than that; with 0, each runs by itself. Empty when
   * nothing waits.
   */
  nextBatch(maxRows: number): WaitingRequest[] {
    const [first] = this.#requests;
    if (first === undefined) return [];
    if (first.batchKey === undefined || first.rows >= maxRows) return [first];
    let rows = 0;
    return this.#requests.filter((request) => {
      if (request.batchKey !== first.batchKey || rows + request.rows > maxRows) return false;
      rows += request.rows;
      return true;
    });
  }

  /** The first in line and all that could share a run with it if there were room for them, in their order. */
  alike(): WaitingRequest[] {
    const [first] = this.#requests;
    if (first?.batchKey === undefined) return first === undefined ? [] : [first];
    return this.#requests.filter(({ batchKey }) => batchKey === first.batchKey);
  }

  /** When the one that waits longest came; Infinity when nothing waits. */
  oldestArrivalMs(): number {
    return this.#requests.reduce((oldest, { arrivedAtMs }) => Math.min(oldest, arrivedAtMs), Number.POSITIVE_INFINITY);
  }

  /** Takes requests out that wait in it; they are given in its order. */
  take(requests: readonly WaitingRequest[]): void {
    if (requests.length === this.#requests.length) {
      this.#requests = [];
      this.#heldBytes = 0;
      return;
    }
    let next = 0;
    this.#takeWhere((request) => {
      const isNext = request === requests[next];
      if (isNext) next += 1;
      return isNext;
    });
  }

  #takeWhere(wanted: (request: WaitingRequest) => boolean): WaitingRequest[] {
    const taken: WaitingRequest[] = [];
    const rest: WaitingRequest[] = [];
    for (const request of this.#requests) (wanted(request) ? taken : rest).push(request);
    this.#requests = rest;
    for (const request of taken) this.#heldBytes -= request.heldBytes;
    return taken;
  }
}

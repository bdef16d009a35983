import type { DecodedRequest } from '../../../core/tensor/decode-request.ts';
import type { Encoding } from './messages.ts';

/** Urgency of a request that names none. Smaller is more urgent. */
export const DEFAULT_PRIORITY = 100;

/** A decoded request that waits for its run. */
export interface WaitingRequest {
  readonly id: number;
  readonly request: DecodedRequest;
  /** Requests with the same key can share a run; undefined: this one can share with none. */
  readonly batchKey: string | undefined;
  /** First dimension of its inputs. */
  readonly rows: number;
  readonly priority: number;
  readonly deadlineMs: number;
  readonly acceptEncoding: Encoding;
  readonly decodeMs: number;
  readonly queuedAtMs: number;
}

/** What waits in a runner: by priority, then by arrival. */
export class WaitingLine {
  #requests: WaitingRequest[] = [];

  get length(): number {
    return this.#requests.length;
  }

  add(request: WaitingRequest): void {
    const requests = this.#requests;
    let at = requests.length;
    while (at > 0 && (requests[at - 1]?.priority ?? 0) > request.priority) at -= 1;
    requests.splice(at, 0, request);
  }

  /** Takes a request out. False when it does not wait (any more). */
  remove(id: number): boolean {
    const at = this.#requests.findIndex((request) => request.id === id);
    if (at !== -1) this.#requests.splice(at, 1);
    return at !== -1;
  }

  /** Takes out what can no longer be answered in time. */
  takeExpired(nowMs: number): WaitingRequest[] {
    if (!this.#requests.some((request) => request.deadlineMs <= nowMs)) return [];
    const expired = this.#requests.filter((request) => request.deadlineMs <= nowMs);
    this.#requests = this.#requests.filter((request) => request.deadlineMs > nowMs);
    return expired;
  }

  /**
   * Takes the next batch: the first in line and, in their order, all that can share its run while the rows stay
   * within `maxRows`. A single request may have more rows than that. Empty when nothing waits.
   */
  takeBatch(maxRows: number): WaitingRequest[] {
    const [first] = this.#requests;
    if (first === undefined) return [];
    if (first.batchKey === undefined || first.rows >= maxRows) return this.#requests.splice(0, 1);
    const batch: WaitingRequest[] = [];
    const rest: WaitingRequest[] = [];
    let rows = 0;
    for (const request of this.#requests) {
      if (request.batchKey === first.batchKey && rows + request.rows <= maxRows) {
        batch.push(request);
        rows += request.rows;
      } else rest.push(request);
    }
    this.#requests = rest;
    return batch;
  }
}

import { hash } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { Payload } from '../../ports/payload.ts';
import type { InferRequest } from '../../service.ts';

/** A request as it came, to be run again. */
export interface RecordedRequest {
  /** Equal requests have equal digests. */
  readonly digest: string;
  readonly body: Uint8Array;
  readonly headerLength: number | undefined;
  readonly contentEncoding: 'gzip' | 'deflate' | undefined;
}

/** Longer ones would cost the front more than they tell. */
const MAX_BYTES = 256 * 1024;
const MAX_PER_MODEL = 400;
/** Recording costs a copy and a hash: as many as this are enough, however many requests there are. */
const APART_MS = 20;

interface Ring {
  bytes: number;
  readonly requests: Map<string, RecordedRequest>;
  lastAtMs: number;
}

/** Recent requests of each model, in memory only: what a new version is tried on before it gets traffic. */
export class RecordedRequests {
  readonly #capacityBytes: number;
  readonly #clock: Clock;
  readonly #rings = new Map<string, Ring>();
  #bytes = 0;

  /** @param capacityBytes of all models together; 0 records nothing */
  constructor(capacityBytes: number, clock: Clock) {
    this.#capacityBytes = capacityBytes;
    this.#clock = clock;
  }

  /** Keeps a copy of a request that was answered, unless one was kept a moment ago. */
  note(request: InferRequest): void {
    if (this.#capacityBytes === 0 || request.payload.bytes > MAX_BYTES) return;
    const now = this.#clock.monotonicMs();
    const ring = this.#rings.get(request.modelId) ?? this.#open(request.modelId);
    if (now - ring.lastAtMs < APART_MS) return;
    ring.lastAtMs = now;
    this.#add(ring, copyOf(request));
  }

  /** The latest first. */
  of(modelId: string): readonly RecordedRequest[] {
    return [...(this.#rings.get(modelId)?.requests.values() ?? [])].toReversed();
  }

  get bytes(): number {
    return this.#bytes;
  }

  forget(modelId: string): void {
    const ring = this.#rings.get(modelId);
    if (ring === undefined) return;
    for (const digest of [...ring.requests.keys()]) this.#remove(ring, digest);
    this.#rings.delete(modelId);
  }

  #open(modelId: string): Ring {
    const ring: Ring = { bytes: 0, requests: new Map(), lastAtMs: Number.NEGATIVE_INFINITY };
    this.#rings.set(modelId, ring);
    return ring;
  }

  #add(ring: Ring, request: RecordedRequest): void {
    this.#remove(ring, request.digest);
    ring.requests.set(request.digest, request);
    ring.bytes += request.body.byteLength;
    this.#bytes += request.body.byteLength;
    if (ring.requests.size > MAX_PER_MODEL) this.#removeOldest(ring);
    // Of the model that has most: one that is asked seldom keeps what it has, and one that is asked anew gets some.
    while (this.#bytes > this.#capacityBytes) this.#removeOldest(this.#largest(ring));
  }

  #largest(one: Ring): Ring {
    let largest = one;
    for (const ring of this.#rings.values()) if (ring.bytes > largest.bytes) largest = ring;
    return largest;
  }

  #removeOldest(ring: Ring): void {
    for (const digest of ring.requests.keys()) {
      this.#remove(ring, digest);
      return;
    }
  }

  #remove(ring: Ring, digest: string): void {
    const request = ring.requests.get(digest);
    if (request === undefined) return;
    ring.requests.delete(digest);
    ring.bytes -= request.body.byteLength;
    this.#bytes -= request.body.byteLength;
  }
}

/** A copy of the request, or undefined of one that is too long. */
export function recordable(request: InferRequest): RecordedRequest | undefined {
  return request.payload.bytes > MAX_BYTES ? undefined : copyOf(request);
}

function copyOf(request: {
  readonly payload: Payload;
  readonly headerLength: number | undefined;
  readonly contentEncoding: 'gzip' | 'deflate' | undefined;
}): RecordedRequest {
  const { headerLength, contentEncoding } = request;
  return recordedRequest(request.payload.copy(), headerLength, contentEncoding);
}

export function recordedRequest(
  body: Uint8Array,
  headerLength: number | undefined,
  contentEncoding?: 'gzip' | 'deflate',
): RecordedRequest {
  const digest = `${hash('sha256', body, 'hex').slice(0, 24)}.${headerLength ?? ''}${contentEncoding ?? ''}`;
  return { digest, body, headerLength, contentEncoding };
}

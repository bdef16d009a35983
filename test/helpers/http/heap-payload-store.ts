import { AppError } from '../../../src/core/errors.ts';
import type { Payload, PayloadStore, PayloadWriter } from '../../../src/serving/ports/payload.ts';

/** Keeps bodies on the heap and counts what has not been given back. */
export class HeapPayloadStore implements PayloadStore {
  readonly capacityBytes: number;
  usedBytes = 0;
  opened: (number | undefined)[] = [];

  constructor(capacityBytes = 1_000_000) {
    this.capacityBytes = capacityBytes;
  }

  open(expectedBytes: number | undefined): PayloadWriter {
    this.opened.push(expectedBytes);
    if (this.usedBytes + (expectedBytes ?? 0) > this.capacityBytes) throw overloaded();
    return new HeapWriter(this);
  }

  take(bytes: number): void {
    if (this.usedBytes + bytes > this.capacityBytes) throw overloaded();
    this.usedBytes += bytes;
  }
}

class HeapWriter implements PayloadWriter {
  readonly #store: HeapPayloadStore;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(store: HeapPayloadStore) {
    this.#store = store;
  }

  write(chunk: Uint8Array): void {
    this.#store.take(chunk.byteLength);
    this.#bytes += chunk.byteLength;
    this.#chunks.push(Uint8Array.from(chunk));
  }

  finish(): Payload {
    const body = Buffer.concat(this.#chunks);
    const bytes = this.#bytes;
    this.#chunks = [];
    this.#bytes = 0;
    return new HeapPayload(body, () => this.#store.take(-bytes));
  }

  [Symbol.dispose](): void {
    this.#store.take(-this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
  }
}

export class HeapPayload implements Payload {
  readonly body: Buffer;
  readonly #free: () => void;
  readonly #holders: { count: number };
  #isHeld = true;

  constructor(body: Buffer, free: () => void, holders = { count: 0 }) {
    this.body = body;
    this.#free = free;
    this.#holders = holders;
    holders.count += 1;
  }

  get bytes(): number {
    return this.body.length;
  }

  copy(): Uint8Array {
    return Uint8Array.from(this.body);
  }

  retain(): Payload {
    return new HeapPayload(this.body, this.#free, this.#holders);
  }

  [Symbol.dispose](): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#holders.count -= 1;
    if (this.#holders.count === 0) this.#free();
  }
}

function overloaded(): AppError {
  return new AppError('overloaded', 'Too many bytes are in flight.', { retryAfterS: 2 });
}

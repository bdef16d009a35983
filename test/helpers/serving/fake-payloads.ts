import { AppError } from '../../../src/core/errors.ts';
import type { Payload, PayloadStore, PayloadWriter } from '../../../src/serving/ports/payload.ts';

/** Bytes that are counted until their last holder is done. */
class FakeBytes {
  readonly content: Buffer;
  readonly #store: FakePayloads;
  #holders = 0;

  constructor(content: Buffer, store: FakePayloads) {
    this.content = content;
    this.#store = store;
  }

  hold(): FakePayload {
    this.#holders += 1;
    return new FakePayload(this);
  }

  giveBack(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#store.usedBytes -= this.content.byteLength;
  }
}

class FakePayload implements Payload {
  readonly #bytes: FakeBytes;
  #isHeld = true;

  constructor(bytes: FakeBytes) {
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes.content.byteLength;
  }

  get text(): string {
    if (!this.#isHeld) throw new Error('read after it was given back');
    return this.#bytes.content.toString('utf8');
  }

  copy(): Uint8Array {
    if (!this.#isHeld) throw new Error('copied after it was given back');
    return Uint8Array.from(this.#bytes.content);
  }

  retain(): Payload {
    if (!this.#isHeld) throw new Error('retained after it was given back');
    return this.#bytes.hold();
  }

  [Symbol.dispose](): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#bytes.giveBack();
  }
}

class FakeWriter implements PayloadWriter {
  readonly #store: FakePayloads;
  #chunks: Buffer[] | undefined = [];

  constructor(store: FakePayloads) {
    this.#store = store;
  }

  write(chunk: Uint8Array): void {
    if (this.#store.usedBytes + chunk.byteLength > this.#store.capacityBytes) {
      throw new AppError('overloaded', 'Too many bytes are in flight.', { retryAfterS: 1 });
    }
    this.#store.usedBytes += chunk.byteLength;
    this.#chunks?.push(Buffer.from(chunk));
  }

  finish(): Payload {
    const bytes = new FakeBytes(Buffer.concat(this.#chunks ?? []), this.#store);
    this.#chunks = undefined;
    return bytes.hold();
  }

  [Symbol.dispose](): void {
    for (const chunk of this.#chunks ?? []) this.#store.usedBytes -= chunk.byteLength;
    this.#chunks = undefined;
  }
}

/** A payload store in memory. `usedBytes` is back at 0 when every holder has given back. */
export class FakePayloads implements PayloadStore {
  capacityBytes = 1_000_000;
  usedBytes = 0;

  open(_expectedBytes: number | undefined): PayloadWriter {
    return new FakeWriter(this);
  }

  /** A payload that is there already. */
  of(text: string): Payload {
    const writer = this.open(undefined);
    writer.write(Buffer.from(text));
    return writer.finish();
  }
}

/** What a payload of this store says. */
export function textOf(payload: Payload): string {
  if (payload instanceof FakePayload) return payload.text;
  throw new Error('not a payload of FakePayloads');
}

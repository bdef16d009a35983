import type { Payload, PayloadWriter } from '../../../serving/ports/payload.ts';
import type { Arena } from './arena.ts';

/** Bodies up to here travel inside the frame. */
export const INLINE_BYTES = 8192;
/** First slot of a body whose length is unknown. */
const FIRST_SLOT_BYTES = 256 * 1024;

/** Where bytes lie: in the arena, or in the front's own memory when they are few. */
export type Place = { readonly offset: number; readonly reserved: number } | { readonly inline: Uint8Array };

/** The bytes behind one or more holds. */
class SharedBody {
  readonly place: Place;
  readonly bytes: number;
  readonly #arena: Arena;
  #holds = 0;

  constructor(arena: Arena, place: Place, bytes: number) {
    this.#arena = arena;
    this.place = place;
    this.bytes = bytes;
  }

  hold(): ArenaPayload {
    this.#holds += 1;
    return new ArenaPayload(this);
  }

  copy(): Uint8Array {
    return 'inline' in this.place
      ? Uint8Array.from(this.place.inline)
      : this.#arena.read(this.place.offset, this.bytes);
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#arena.release(this.place);
  }
}

/** One hold on a finished body. */
export class ArenaPayload implements Payload {
  readonly #body: SharedBody;
  #held = true;

  constructor(body: SharedBody) {
    this.#body = body;
  }

  get bytes(): number {
    return this.#body.bytes;
  }

  /** Offset in the request arena, or the bytes themselves. */
  get at(): number | Uint8Array {
    const { place } = this.#body;
    return 'inline' in place ? place.inline : place.offset;
  }

  copy(): Uint8Array {
    return this.#body.copy();
  }

  retain(): ArenaPayload {
    return this.#body.hold();
  }

  [Symbol.dispose](): void {
    if (!this.#held) return;
    this.#held = false;
    this.#body.release();
  }
}

/** Takes a body: kept here while it is small, in a slot of the arena from then on. */
export class ArenaWriter implements PayloadWriter {
  readonly #arena: Arena;
  readonly #expectedBytes: number | undefined;
  #small: Uint8Array[] | undefined = [];
  #slot: { offset: number; reserved: number } | undefined;
  #bytes = 0;

  constructor(arena: Arena, expectedBytes: number | undefined) {
    this.#arena = arena;
    this.#expectedBytes = expectedBytes;
    if (expectedBytes !== undefined && expectedBytes > INLINE_BYTES) this.#moveToSlot(expectedBytes);
  }

  write(chunk: Uint8Array): void {
    const total = this.#bytes + chunk.length;
    this.#arena.checkLength(total);
    if (this.#small !== undefined && total <= INLINE_BYTES) this.#small.push(chunk);
    else this.#arena.write(chunk, this.#slotFor(total).offset + this.#bytes);
    this.#bytes = total;
  }

  finish(): ArenaPayload {
    const place = this.#slot ?? { inline: joined(this.#small ?? []) };
    if ('inline' in place) this.#arena.holdInline(place.inline.length);
    this.#slot = undefined;
    this.#small = [];
    return new SharedBody(this.#arena, place, this.#bytes).hold();
  }

  [Symbol.dispose](): void {
    if (this.#slot !== undefined) this.#arena.release(this.#slot);
    this.#slot = undefined;
    this.#small = [];
  }

  /** The slot, grown where the body has outgrown it: twice the size, so that copying stays linear. */
  #slotFor(total: number): { offset: number; reserved: number } {
    const slot = this.#slot;
    if (slot === undefined) return this.#moveToSlot(Math.max(total, this.#expectedBytes ?? FIRST_SLOT_BYTES));
    if (total <= slot.reserved) return slot;
    const reserved = Math.min(Math.max(total, slot.reserved * 2), Math.max(total, this.#arena.maxBodyBytes));
    const grown = { offset: this.#arena.reserve(reserved), reserved };
    this.#slot = grown;
    try {
      this.#arena.move(slot.offset, this.#bytes, grown.offset);
    } finally {
      // Also where the copy failed: the writer has one slot to give back, and it is the larger one by now.
      this.#arena.release(slot);
    }
    return grown;
  }

  #moveToSlot(reserved: number): { offset: number; reserved: number } {
    const slot = { offset: this.#arena.reserve(reserved), reserved };
    this.#slot = slot;
    let at = slot.offset;
    for (const chunk of this.#small ?? []) {
      this.#arena.write(chunk, at);
      at += chunk.length;
    }
    this.#small = undefined;
    return slot;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

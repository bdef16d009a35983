import { jsonFrame, Kind } from './frame.ts';
import { giveBack } from './give-back.ts';
import { encodePart, type PartMessage } from './messages.ts';
import { INLINE_BYTES } from './payload.ts';
import { refusalOf } from './refusal.ts';
import type { SlotWriter } from './slot-writer.ts';

/** Bytes of one slot of a response arena, and the most that one part of an answer carries. */
export const SLOT_BYTES = 1024 * 1024;
export const RESPONSE_SLOTS = 32;

/** What is told of an answer besides its bytes. */
export type AnswerFields = Omit<PartMessage, 'last' | 'slot' | 'bytes' | 'inline'>;

export interface OutboxParts {
  /** Sends a frame to the front, after those before it. */
  readonly send: (frame: Buffer) => void;
  readonly writeSlot: SlotWriter;
  /** For what an operator should see and a client should not. */
  readonly warn: (text: string) => void;
}

/** An answer on its way, and how much of it has been sent. */
interface Outgoing {
  readonly id: number;
  readonly fields: AnswerFields;
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  chunk: number;
  offset: number;
  left: number;
}

/**
 * Sends answers from a runner. Long ones go in parts through slots of the response arena, each answer using one slot
 * at a time: the front reads a part, gives the slot back, and has time for others before the next part.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #freeSlots: number[] = Array.from({ length: RESPONSE_SLOTS }, (_, slot) => RESPONSE_SLOTS - 1 - slot);
  /** Answers that go on once the front has read their part, by that part's slot. */
  readonly #bySlot = new Map<number, Outgoing>();
  /** Answers with a part to send and no slot for it, the next one first. */
  readonly #waiting: Outgoing[] = [];
  /** Memory of long answers that have not been sent to their end. */
  #heldBytes = 0;
  #awaited: { readonly bytes: number; readonly resolve: () => void } | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  answer(id: number, chunks: readonly Uint8Array[], fields: AnswerFields): void {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes <= INLINE_BYTES) {
      const [only] = chunks;
      const inline = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
      this.#parts.send(encodePart(id, { ...fields, last: true, slot: undefined, bytes, inline }));
      return;
    }
    this.#waiting.push({ id, fields, chunks, bytes, chunk: 0, offset: 0, left: bytes });
    this.#heldBytes += bytes;
    this.#sendWaiting();
  }

  /** Ends a request with an error, also one whose answer has been sent in part. */
  fail(id: number, error: unknown): void {
    this.#parts.send(jsonFrame(Kind.error, id, refusalOf(error, this.#parts.warn)));
  }

  /**
   * Resolves once long answers hold less than so many bytes; undefined where they do already. One waits at a time.
   * Each part of an answer takes a turn of the event loop, and a run may take as long as many: who answers much has to
   * wait for it, or answers pile up.
   */
  below(bytes: number): Promise<void> | undefined {
    if (this.#heldBytes < bytes) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { bytes, resolve };
    return promise;
  }

  /** The front has read the slot. */
  credit(slot: number): void {
    const current = this.#bySlot.get(slot);
    this.#bySlot.delete(slot);
    this.#freeSlots.push(slot);
    // Before those that have not begun: what has begun holds memory on both sides.
    if (current !== undefined) this.#waiting.unshift(current);
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#freeSlots.pop();
      if (slot === undefined) return;
      const outgoing = this.#waiting.shift();
      if (outgoing !== undefined) this.#sendPart(outgoing, slot);
    }
  }

  /** Never throws: what can not be sent fails its own request, and its slot is free again. */
  #sendPart(outgoing: Outgoing, slot: number): void {
    const { id, fields } = outgoing;
    const bytes = Math.min(outgoing.left, SLOT_BYTES);
    try {
      this.#parts.writeSlot(takeViews(outgoing, bytes), slot * SLOT_BYTES);
    } catch (error) {
      this.#freeSlots.push(slot);
      this.#end(outgoing);
      this.fail(id, error);
      return;
    }
    if (outgoing.left > 0) this.#bySlot.set(slot, outgoing);
    else this.#end(outgoing);
    this.#parts.send(encodePart(id, { ...fields, last: outgoing.left === 0, slot, bytes, inline: undefined }));
  }

  /** Its bytes have left, or never will. Where others are views of the same memory, it is theirs too. */
  #end({ chunks, bytes }: Outgoing): void {
    for (const chunk of chunks) if (chunk.byteLength === chunk.buffer.byteLength) giveBack(chunk);
    this.#release(bytes);
  }

  #release(bytes: number): void {
    this.#heldBytes -= bytes;
    if (this.#awaited === undefined || this.#heldBytes >= this.#awaited.bytes) return;
    this.#awaited.resolve();
    this.#awaited = undefined;
  }
}

/** The next `bytes` of an answer, as views of its chunks. */
function takeViews(outgoing: Outgoing, bytes: number): Uint8Array[] {
  const views: Uint8Array[] = [];
  let wanted = bytes;
  while (wanted > 0) {
    const chunk = outgoing.chunks[outgoing.chunk];
    if (chunk === undefined) throw new RangeError('an answer is shorter than its length');
    const view = chunk.subarray(outgoing.offset, outgoing.offset + wanted);
    if (view.length > 0) views.push(view);
    wanted -= view.length;
    outgoing.offset += view.length;
    if (outgoing.offset === chunk.length) {
      outgoing.chunk += 1;
      outgoing.offset = 0;
    }
  }
  outgoing.left -= bytes;
  return views;
}

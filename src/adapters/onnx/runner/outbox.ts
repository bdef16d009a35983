import { writevSync } from 'node:fs';
import type { Socket } from 'node:net';
import { jsonFrame, Kind } from './frame.ts';
import { type ErrorMessage, encodePart, type PartMessage } from './messages.ts';
import { INLINE_BYTES } from './payload.ts';

/** Bytes of one slot of a response arena, and the most that one part of an answer carries. */
export const SLOT_BYTES = 1024 * 1024;
export const RESPONSE_SLOTS = 32;

/** What is told of an answer besides its bytes. */
export type AnswerFields = Omit<PartMessage, 'last' | 'slot' | 'bytes' | 'inline'>;

/** An answer on its way, and how much of it has been sent. */
interface Outgoing {
  readonly id: number;
  readonly fields: AnswerFields;
  readonly chunks: readonly Uint8Array[];
  chunk: number;
  offset: number;
  left: number;
}

/**
 * Sends answers from a runner. Long ones go in parts through slots of the response arena, each answer using one slot
 * at a time: the front reads a part, gives the slot back, and has time for others before the next part.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #arenaFd: number;
  readonly #freeSlots: number[] = Array.from({ length: RESPONSE_SLOTS }, (_, slot) => RESPONSE_SLOTS - 1 - slot);
  readonly #bySlot = new Map<number, Outgoing>();
  readonly #waiting: Outgoing[] = [];

  constructor(socket: Socket, arenaFd: number) {
    this.#socket = socket;
    this.#arenaFd = arenaFd;
  }

  answer(id: number, chunks: readonly Uint8Array[], fields: AnswerFields): void {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes <= INLINE_BYTES) {
      const [only] = chunks;
      const inline = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
      this.#socket.write(encodePart(id, { ...fields, last: true, slot: undefined, bytes, inline }));
      return;
    }
    const outgoing = { id, fields, chunks, chunk: 0, offset: 0, left: bytes };
    const slot = this.#freeSlots.pop();
    if (slot === undefined) this.#waiting.push(outgoing);
    else this.#sendPart(outgoing, slot);
  }

  refuse(id: number, error: ErrorMessage): void {
    this.#socket.write(jsonFrame(Kind.error, id, error));
  }

  /** The front has read the slot. */
  credit(slot: number): void {
    const current = this.#bySlot.get(slot);
    this.#bySlot.delete(slot);
    const next = current !== undefined && current.left > 0 ? current : this.#waiting.shift();
    if (next === undefined) this.#freeSlots.push(slot);
    else this.#sendPart(next, slot);
  }

  #sendPart(outgoing: Outgoing, slot: number): void {
    const bytes = Math.min(outgoing.left, SLOT_BYTES);
    const views = takeViews(outgoing, bytes);
    writeFully(this.#arenaFd, views, slot * SLOT_BYTES, bytes);
    this.#bySlot.set(slot, outgoing);
    const last = outgoing.left === 0;
    this.#socket.write(encodePart(outgoing.id, { ...outgoing.fields, last, slot, bytes, inline: undefined }));
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

function writeFully(fd: number, views: Uint8Array[], position: number, bytes: number): void {
  const written = writevSync(fd, views, position);
  if (written === bytes) return;
  // A short write is rare; one buffer makes the rest simple.
  const all = Buffer.concat(views);
  for (let done = written; done < bytes; ) done += writevSync(fd, [all.subarray(done)], position + done);
}

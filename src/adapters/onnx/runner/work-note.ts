import { readSync, writeSync } from 'node:fs';
import type { BeganMessage } from './messages.ts';
import { RESPONSE_SLOTS, SLOT_BYTES } from './outbox.ts';

/** In the response arena, after the slots. */
const NOTE_POSITION = RESPONSE_SLOTS * SLOT_BYTES;
/** Many times what can wait in a runner. Pages that are never written cost nothing. */
const NOTE_BYTES = 1024 * 1024;
export const RESPONSE_ARENA_BYTES = NOTE_POSITION + NOTE_BYTES;

/** `u32 edition, u8 isRun, 3 unused, u32 count, count × u32 id, u32 edition` */
const HEAD_BYTES = 12;
const MAX_IDS = (NOTE_BYTES - HEAD_BYTES - 4) / 4;
const READ_TRIES = 3;
const NOTHING: BeganMessage = { ids: [], isRun: false };

/**
 * Where a runner notes what it works on. A note outlives the process, as the memory is the front's too, and wakes
 * nobody: the front reads it when it has to know, which is when the process has ended or owes an answer.
 */
export class WorkNote {
  readonly #fd: number;
  #buffer = Buffer.alloc(1024);
  #edition = 0;

  constructor(arenaFd: number) {
    this.#fd = arenaFd;
  }

  /** @returns false where there is no room for it: the file's page is taken when it is first written, or anew after a pause */
  write({ ids, isRun }: BeganMessage): boolean {
    const count = Math.min(ids.length, MAX_IDS);
    const bytes = HEAD_BYTES + 4 * count + 4;
    if (bytes > this.#buffer.length) this.#buffer = Buffer.alloc(2 * bytes);
    this.#edition = (this.#edition + 1) >>> 0;
    const note = this.#buffer;
    note.writeUInt32LE(this.#edition, 0);
    note[4] = isRun ? 1 : 0;
    note.writeUInt32LE(count, 8);
    let at = HEAD_BYTES;
    for (let i = 0; i < count; i += 1) at = note.writeUInt32LE(ids[i] ?? 0, at);
    note.writeUInt32LE(this.#edition, at);
    try {
      writeSync(this.#fd, note, 0, bytes, NOTE_POSITION);
      return true;
    } catch {
      return false;
    }
  }
}

/** What a runner noted last; nothing where it has noted nothing, or is just writing each time that one looks. */
export function readWorkNote(arenaFd: number): BeganMessage {
  for (let tries = 0; tries < READ_TRIES; tries += 1) {
    const head = Buffer.alloc(HEAD_BYTES);
    if (readSync(arenaFd, head, 0, HEAD_BYTES, NOTE_POSITION) < HEAD_BYTES) return NOTHING;
    const count = head.readUInt32LE(8);
    if (count > MAX_IDS) return NOTHING;
    const rest = Buffer.alloc(4 * count + 4);
    const read = readSync(arenaFd, rest, 0, rest.length, NOTE_POSITION + HEAD_BYTES);
    if (read < rest.length || rest.readUInt32LE(4 * count) !== head.readUInt32LE(0)) continue;
    // A shorter one, written in between, would have left the end of the one before it.
    const again = Buffer.alloc(HEAD_BYTES);
    if (readSync(arenaFd, again, 0, HEAD_BYTES, NOTE_POSITION) < HEAD_BYTES || !again.equals(head)) continue;
    return { ids: Array.from({ length: count }, (_, index) => rest.readUInt32LE(4 * index)), isRun: head[4] === 1 };
  }
  return NOTHING;
}

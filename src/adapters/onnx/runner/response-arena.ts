import { ftruncateSync, readSync } from 'node:fs';
import { type ArenaFile, allocatedBytes, closeArenaFile, openArenaFile } from './arena-file.ts';
import type { BeganMessage, PartMessage } from './messages.ts';
import { SLOT_BYTES } from './outbox.ts';
import { RESPONSE_ARENA_BYTES, readWorkNote } from './work-note.ts';

/** How long a runner must have nothing to do before the pages of its answers go back to the system. */
const IDLE_MS = 1000;

/** Where one runner puts its long answers, part by part; the front reads them. */
export class ResponseArena implements Disposable {
  readonly #file: ArenaFile;
  #touched = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(dir: string) {
    this.#file = openArenaFile(dir, RESPONSE_ARENA_BYTES);
  }

  /** For the runner. */
  get fd(): number {
    return this.#file.fd;
  }

  /** Memory that its pages take now. */
  get allocatedBytes(): number {
    return this.#closed ? 0 : allocatedBytes(this.#file);
  }

  /** A copy of a part's bytes. */
  read(part: PartMessage): Uint8Array {
    this.#touched = true;
    const chunk = Buffer.allocUnsafe(part.bytes);
    const start = (part.slot ?? 0) * SLOT_BYTES;
    for (let done = 0; done < chunk.length; ) {
      const read = readSync(this.#file.fd, chunk, done, chunk.length - done, start + done);
      if (read === 0) throw new RangeError('a part lies outside the response arena');
      done += read;
    }
    return chunk;
  }

  /** What the runner noted last that it works on. Nothing is known of it once this is closed. */
  begun(): BeganMessage {
    return this.#closed ? { ids: [], isRun: false } : readWorkNote(this.#file.fd);
  }

  /** Nothing is on its way: the runner will write only after the next request, which calls `busy`. */
  idle(): void {
    if (!this.#touched || this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#trim(), IDLE_MS);
    this.#timer.unref();
  }

  busy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #trim(): void {
    if (this.#closed) return;
    ftruncateSync(this.#file.fd, 0);
    ftruncateSync(this.#file.fd, RESPONSE_ARENA_BYTES);
    this.#touched = false;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    closeArenaFile(this.#file);
  }
}

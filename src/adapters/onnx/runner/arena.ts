import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { AppError } from '../../../core/errors.ts';
import type { PayloadStore, PayloadWriter } from '../../../serving/ports/payload.ts';
import { FirstFitAllocator } from './allocator.ts';
import { allocatedBytes, closeArenaFile, openArenaFile } from './arena-file.ts';
import { ArenaWriter, type Place } from './payload.ts';

/** How long the arena must be empty before its pages go back to the system. */
const IDLE_MS = 1000;

export interface ArenaOptions {
  readonly dir: string;
  readonly capacityBytes: number;
  /** A single body may be this long. */
  readonly maxBodyBytes: number;
}

/** The shared request arena: the front writes bodies into it, runners read them by offset. */
export class Arena implements PayloadStore, Disposable {
  readonly capacityBytes: number;
  readonly maxBodyBytes: number;
  readonly #file;
  readonly #allocator: FirstFitAllocator;
  #inlineBytes = 0;
  #touched = false;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ArenaOptions) {
    this.capacityBytes = options.capacityBytes;
    this.maxBodyBytes = options.maxBodyBytes;
    this.#file = openArenaFile(options.dir, options.capacityBytes);
    this.#allocator = new FirstFitAllocator(options.capacityBytes);
  }

  /** For runners: they can read bodies and change none. */
  get readOnlyFd(): number {
    return this.#file.readOnlyFd;
  }

  get usedBytes(): number {
    return this.#allocator.usedBytes + this.#inlineBytes;
  }

  /** Memory that its pages take now; they stay for a moment after the last body is gone. */
  get allocatedBytes(): number {
    return this.#closed ? 0 : allocatedBytes(this.#file);
  }

  open(expectedBytes: number | undefined): PayloadWriter {
    if (expectedBytes !== undefined && expectedBytes > this.maxBodyBytes) throw this.#tooLarge();
    if (this.usedBytes + (expectedBytes ?? 0) > this.capacityBytes) throw overloaded();
    return new ArenaWriter(this, expectedBytes);
  }

  /** @internal */
  reserve(bytes: number): number {
    const offset = this.#allocator.allocate(bytes);
    if (offset === undefined) throw overloaded();
    clearTimeout(this.#idleTimer);
    this.#touched = true;
    return offset;
  }

  /** @internal */
  write(chunk: Uint8Array, offset: number): void {
    try {
      let done = 0;
      while (done < chunk.length) {
        done += writeSync(this.#file.fd, chunk, done, chunk.length - done, offset + done);
      }
    } catch (cause) {
      throw overloaded(cause);
    }
  }

  /** @internal A copy of what was written there. */
  read(offset: number, bytes: number): Uint8Array {
    const copy = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) done += readSync(this.#file.fd, copy, done, bytes - done, offset + done);
    return copy;
  }

  /** @internal A larger place for a body that outgrew its own. */
  move(from: number, bytes: number, to: number): void {
    const buffer = Buffer.allocUnsafe(Math.min(bytes, 1024 * 1024));
    for (let done = 0; done < bytes; ) {
      const read = readSync(this.#file.fd, buffer, 0, Math.min(buffer.length, bytes - done), from + done);
      this.write(buffer.subarray(0, read), to + done);
      done += read;
    }
  }

  /** @internal */
  holdInline(bytes: number): void {
    this.#inlineBytes += bytes;
  }

  /** @internal */
  release(place: Place): void {
    if ('inline' in place) {
      this.#inlineBytes -= place.inline.length;
      return;
    }
    if (this.#closed) return;
    this.#allocator.free(place.offset, place.reserved);
    if (this.#allocator.usedBytes === 0) this.#scheduleTrim();
  }

  /** @internal */
  checkLength(bytes: number): void {
    if (bytes > this.maxBodyBytes) throw this.#tooLarge();
  }

  /** Gives the pages back to the system once nothing was in flight for a while. */
  #scheduleTrim(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#trim(), IDLE_MS);
    this.#idleTimer.unref();
  }

  #trim(): void {
    if (this.#closed || !this.#touched || this.#allocator.usedBytes > 0) return;
    ftruncateSync(this.#file.fd, 0);
    ftruncateSync(this.#file.fd, this.capacityBytes);
    this.#touched = false;
  }

  #tooLarge(): AppError {
    return new AppError('body_too_large', `The body is longer than the limit of ${this.maxBodyBytes} bytes.`, {
      next: 'Send less in one request, or raise --max-body.',
      details: { limit_bytes: this.maxBodyBytes },
    });
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    closeArenaFile(this.#file);
  }
}

function overloaded(cause?: unknown): AppError {
  return new AppError('overloaded', 'Too many request bytes are in flight.', {
    next: 'Retry later, or raise --max-in-flight.',
    retryAfterS: 1,
    cause,
  });
}

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileState } from './file-state.ts';
import { unloadable } from './unloadable.ts';

/**
 * A page: behind each tensor payload that is skipped, one window is read anew, so a larger one would make up a
 * noticeable part of a file with thousands of middle-sized tensors.
 */
const WINDOW_BYTES = 4096;

/** Random access to a file through one small buffer, counting what is really read. */
export class PositionalFile implements Disposable {
  readonly size: number;
  /** As it was when it was opened. */
  readonly state: FileState;
  bytesRead = 0;
  readonly #fd: number;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowStart = 0;
  #windowEnd = 0;

  /** @throws AppError `model_unloadable` when there is no such file, or it is no regular one. */
  constructor(path: string) {
    // Without O_NONBLOCK, opening a FIFO would wait for somebody to write into it.
    this.#fd = openOrRefuse(path);
    const stat = fstatSync(this.#fd, { bigint: true });
    if (!stat.isFile()) {
      closeSync(this.#fd);
      throw unloadable(`${path} is not a regular file.`);
    }
    this.state = stat;
    this.size = Number(stat.size);
  }

  /** The byte at a position, which must lie in the file. */
  byteAt(position: number): number {
    if (position < this.#windowStart || position >= this.#windowEnd) this.#moveWindow(position);
    return this.#window[position - this.#windowStart] ?? 0;
  }

  /** A copy of the bytes in [start, end). */
  bytes(start: number, end: number): Uint8Array {
    const result = new Uint8Array(end - start);
    if (start >= this.#windowStart && end <= this.#windowEnd) {
      result.set(this.#window.subarray(start - this.#windowStart, end - this.#windowStart));
      return result;
    }
    for (let done = 0; done < result.length; ) done += this.#read(result, done, start + done);
    return result;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #moveWindow(position: number): void {
    const count = this.#read(this.#window, 0, position);
    this.#windowStart = position;
    this.#windowEnd = position + count;
  }

  #read(target: Uint8Array, offset: number, position: number): number {
    const count = readSync(this.#fd, target, offset, target.length - offset, position);
    if (count === 0) throw unloadable(`The file ended at byte ${position} while it was read: it is being changed.`);
    this.bytesRead += count;
    return count;
  }
}

function openOrRefuse(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unloadable(`The model file can not be opened: ${reason}.`, { cause });
  }
}

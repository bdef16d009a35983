import type { Tensor } from '../../../core/tensor/datatype.ts';

/** Shorter ones are many, and cost nobody anything until they are collected. */
const FROM_BYTES = 16 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** Enough for what the front sends at once of bodies that are common; longer ones are rare, and slow anyway. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;
/** How long blocks are kept that nobody takes. */
const IDLE_MS = 1000;

/**
 * Memory for long bodies, which is used again: the pages of fresh memory have to be cleared, and mapped one by one. For a
 * body of 600 kB that takes longer than reading it.
 */
class Blocks {
  /** Given out, so that what comes back is known to be one of these. */
  readonly #lent = new WeakSet<ArrayBuffer>();
  #kept: ArrayBuffer[] = [];
  #keptBytes = 0;
  #wasUsed = false;
  #timer: NodeJS.Timeout | undefined;

  take(bytes: number): ArrayBuffer {
    this.#wasUsed = true;
    const index = this.#kept.findIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
    const block = this.#kept[index] ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES).buffer;
    if (index >= 0) {
      this.#kept.splice(index, 1);
      this.#keptBytes -= block.byteLength;
    }
    this.#lent.add(block);
    return block;
  }

  /** @returns whether the block is one of these and is kept; whatever viewed it is empty then */
  keep(block: ArrayBuffer): boolean {
    if (!this.#lent.has(block) || this.#keptBytes + block.byteLength > MOST_KEPT_BYTES) return false;
    // The same memory: only the views of it are cut off.
    this.#kept.push(block.transfer());
    this.#keptBytes += this.#kept.at(-1)?.byteLength ?? 0;
    this.#timer ??= setInterval(() => this.#dropUnused(), IDLE_MS).unref();
    return true;
  }

  #dropUnused(): void {
    if (this.#wasUsed) {
      this.#wasUsed = false;
      return;
    }
    for (const block of this.#kept) block.transfer(0);
    this.#kept = [];
    this.#keptBytes = 0;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const blocks = new Blocks();

/** Memory for `bytes`, with whatever was in it before: the caller fills it. `giveBack` takes it again. */
export function takeMemory(bytes: number): Uint8Array<ArrayBuffer> {
  return bytes < FROM_BYTES ? new Uint8Array(bytes) : new Uint8Array(blocks.take(bytes), 0, bytes);
}

/**
 * Frees memory outside of V8's heap at once, or keeps it for the next body. Left to the garbage collector it would wait
 * for a collection, which what is outside of the heap hardly hastens: a runner that is given bodies of 600 kB was seen to
 * gather 45 MB of them. Whatever still views it is empty afterwards.
 */
export function giveBack(bytes: ArrayBufferView): void {
  const { buffer } = bytes;
  // A short view may be of a pool that others have pieces of.
  if (!(buffer instanceof ArrayBuffer) || buffer.detached || bytes.byteLength < FROM_BYTES) return;
  if (!blocks.keep(buffer)) buffer.transfer(0);
}

/** The same for tensors that nobody needs any more. */
export function giveBackTensors(tensors: readonly Tensor[]): void {
  for (const { data } of tensors) if (ArrayBuffer.isView(data)) giveBack(data);
}

/** A free stretch of the arena. */
interface Gap {
  start: number;
  end: number;
}

const ALIGNMENT = 64;

/** Rounded up, so that neighbouring slots share no cache line and typed-array views are aligned. */
function aligned(bytes: number): number {
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

/**
 * First-fit allocator of contiguous slots in `[0, capacity)`. Low addresses are used again first, so that a quiet
 * arena touches few pages.
 */
export class FirstFitAllocator {
  readonly #capacity: number;
  #gaps: Gap[];
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#gaps = [{ start: 0, end: capacity }];
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Offset of a slot of at least `bytes`, or undefined where none is left. */
  allocate(bytes: number): number | undefined {
    const size = aligned(bytes);
    const index = this.#gaps.findIndex((gap) => gap.end - gap.start >= size);
    const gap = this.#gaps[index];
    if (gap === undefined) return undefined;
    const offset = gap.start;
    gap.start += size;
    if (gap.start === gap.end) this.#gaps.splice(index, 1);
    this.#used += size;
    return offset;
  }

  /** Gives back the slot that `allocate(bytes)` put at `offset`. */
  free(offset: number, bytes: number): void {
    const size = aligned(bytes);
    const end = offset + size;
    if (offset < 0 || end > this.#capacity) throw new RangeError(`slot ${offset}+${size} is outside the arena`);
    const after = this.#gaps.findIndex((gap) => gap.start >= offset);
    const index = after === -1 ? this.#gaps.length : after;
    const previous = this.#gaps[index - 1];
    const next = this.#gaps[index];
    if ((previous !== undefined && previous.end > offset) || (next !== undefined && next.start < end)) {
      throw new RangeError(`slot ${offset}+${size} is already free`);
    }
    const joinsPrevious = previous?.end === offset;
    const joinsNext = next?.start === end;
    if (joinsPrevious && joinsNext) {
      previous.end = next.end;
      this.#gaps.splice(index, 1);
    } else if (joinsPrevious) previous.end = end;
    else if (joinsNext) next.start = offset;
    else this.#gaps.splice(index, 0, { start: offset, end });
    this.#used -= size;
  }
}

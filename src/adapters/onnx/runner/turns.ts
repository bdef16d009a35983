import type { Sequences } from './sequences.ts';
import type { WaitingLine, WaitingRequest } from './waiting.ts';

interface TurnParts {
  readonly line: WaitingLine;
  readonly sequences: Sequences;
  /** The turn of a request came, and the state of its sequence does not allow it. */
  readonly onRefused: (waiting: WaitingRequest, error: unknown) => void;
}

/**
 * Lets requests into the line: of each sequence one at a time, in the order of their arrival, whatever their priorities;
 * the next follows when the one before it has been answered, or will not be. Requests of no sequence go in at once.
 */
export class Turns {
  readonly #parts: TurnParts;
  /** Of each sequence, those that stand behind the one in the line. */
  readonly #behind = new Map<string, WaitingRequest[]>();
  #heldBytes = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Memory that all keep from being freed, in the line and behind. */
  get heldBytes(): number {
    return this.#parts.line.heldBytes + this.#heldBytes;
  }

  add(waiting: WaitingRequest): void {
    const { sequence } = waiting;
    if (sequence === undefined) {
      this.#parts.line.add(waiting);
      return;
    }
    const behind = this.#behind.get(sequence.id);
    if (behind === undefined) {
      this.#behind.set(sequence.id, []);
      this.#enter(waiting);
    } else {
      behind.push(waiting);
      this.#heldBytes += waiting.heldBytes;
    }
  }

  /** A request that was in the line has been answered, or will not be. */
  done({ sequence }: WaitingRequest): void {
    if (sequence === undefined) return;
    this.#parts.sequences.leave(sequence);
    this.#enter(this.#nextOf(sequence.id));
  }

  /** Takes out a request that waits. False when it does not wait (any more). */
  remove(id: number): boolean {
    const inLine = this.#parts.line.remove(id);
    if (inLine !== undefined) {
      this.done(inLine);
      return true;
    }
    return this.#takeBehind((waiting) => waiting.id === id).length > 0;
  }

  /** Takes out what can no longer be answered in time. */
  takeExpired(nowMs: number): WaitingRequest[] {
    // Asked before every run: where there are no sequences it is as cheap as the line.
    if (this.#behind.size === 0) return this.#parts.line.takeExpired(nowMs);
    const behind = this.#takeBehind(({ deadlineMs }) => deadlineMs <= nowMs);
    const inLine = this.#parts.line.takeExpired(nowMs);
    for (const waiting of inLine) this.done(waiting);
    return [...inLine, ...behind];
  }

  /** Lets a request into the line, or the first of those behind it whose sequence's state allows it. */
  #enter(first: WaitingRequest | undefined): void {
    let waiting = first;
    while (waiting?.sequence !== undefined) {
      try {
        this.#parts.sequences.enter(waiting.sequence);
        this.#parts.line.add(waiting);
        return;
      } catch (error) {
        this.#parts.onRefused(waiting, error);
      }
      waiting = this.#nextOf(waiting.sequence.id);
    }
  }

  /** Undefined: there is none, and the next that comes need not wait for any. */
  #nextOf(id: string): WaitingRequest | undefined {
    const waiting = this.#behind.get(id)?.shift();
    if (waiting === undefined) this.#behind.delete(id);
    else this.#heldBytes -= waiting.heldBytes;
    return waiting;
  }

  #takeBehind(isMeant: (waiting: WaitingRequest) => boolean): WaitingRequest[] {
    const taken: WaitingRequest[] = [];
    for (const [id, behind] of this.#behind) {
      if (!behind.some(isMeant)) continue;
      taken.push(...behind.filter(isMeant));
      this.#behind.set(
        id,
        behind.filter((waiting) => !isMeant(waiting)),
      );
    }
    for (const { heldBytes } of taken) this.#heldBytes -= heldBytes;
    return taken;
  }
}

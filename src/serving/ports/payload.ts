/**
 * Bytes of a request on their way to a runner. The front never looks into them.
 * Reference-counted: the bytes are given back when the last holder disposes of its hold.
 */
export interface Payload extends Disposable {
  readonly bytes: number;
  /** The bytes, as the caller's own. It costs a copy: for short bodies. */
  copy(): Uint8Array;
  /** One more holder. Each hold is disposed of once; a second disposal does nothing. */
  retain(): Payload;
}

/** Takes a body chunk by chunk. Disposing of it before `finish` gives its space back. */
export interface PayloadWriter extends Disposable {
  /** @throws AppError `body_too_large` past the limit, `overloaded` when too many bytes are in flight. */
  write(chunk: Uint8Array): void;
  /** Ends the body. The writer is empty afterwards; the payload is the caller's to dispose of. */
  finish(): Payload;
}

/** Where request bodies wait: bounded in all and per body. */
export interface PayloadStore {
  readonly capacityBytes: number;
  readonly usedBytes: number;
  /**
   * @param expectedBytes the declared length, or undefined for a body of unknown length
   * @throws AppError `body_too_large`, or `overloaded` when too many bytes are in flight
   */
  open(expectedBytes: number | undefined): PayloadWriter;
}

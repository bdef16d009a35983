/**
 * Frames on the socket pair between front and runner, little-endian:
 * `u32 length of what follows, u8 kind, u32 id, …fields by kind`. Both ends are the same build, so there is no version.
 */

export const HEADER_BYTES = 9;
/** Longest frame that can be right: an inline payload and its fields, or a signature of some thousand tensors. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export const Kind = {
  // front → runner
  start: 1,
  infer: 2,
  cancel: 3,
  credit: 4,
  forget: 5,
  // runner → front
  ready: 16,
  failed: 17,
  began: 18,
  part: 19,
  error: 20,
  sequences: 21,
} as const;

export interface Frame {
  readonly kind: number;
  readonly id: number;
  /** The fields after the header. A view of the socket's chunk: copy what must outlive it. */
  readonly body: Buffer;
}

/** Writes the header into `frame`, whose length is the whole frame's. */
export function writeHeader(frame: Buffer, kind: number, id: number): void {
  frame.writeUInt32LE(frame.length - 4, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
}

export function emptyFrame(kind: number, id: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(frame, kind, id);
  return frame;
}

/** For the rare frames: a start, a failure. */
export function jsonFrame(kind: number, id: number, value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const frame = Buffer.allocUnsafe(HEADER_BYTES + json.length);
  writeHeader(frame, kind, id);
  json.copy(frame, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frames, whatever the chunks are. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws RangeError when the stream can not be frames. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (length < HEADER_BYTES - 4 || length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${length} bytes`);
      const end = at + 4 + length;
      if (end > bytes.length) break;
      this.#onFrame({
        kind: bytes.readUInt8(at + 4),
        id: bytes.readUInt32LE(at + 5),
        body: bytes.subarray(at + HEADER_BYTES, end),
      });
      at = end;
    }
    this.#rest = at === bytes.length ? bytes.subarray(at, at) : bytes.subarray(at);
  }
}

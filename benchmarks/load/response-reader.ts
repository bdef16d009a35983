const HEADER_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
/** Where the three digits are in `HTTP/1.1 200 OK`. */
const STATUS_START = 9;

/**
 * Finds where each response on a kept-alive connection ends. It reads the status and the content length, counts the
 * body without keeping it, and makes no objects on the way, as its cost is taken from the servers that it measures.
 */
export class ResponseReader {
  readonly #onResponse: (status: number) => void;
  #status = 0;
  #bodyLeft = 0;
  /** Start of a header that a read cut off. */
  #held: Buffer | undefined;

  constructor(onResponse: (status: number) => void) {
    this.#onResponse = onResponse;
  }

  /**
   * @param chunk is not kept: its owner may overwrite it afterwards
   * @throws Error for what is no HTTP/1.1 response with a content length
   */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#held !== undefined) {
      bytes = Buffer.concat([this.#held, chunk]);
      this.#held = undefined;
    }
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#bodyLeft === 0) {
        const bodyStart = this.#readHeader(bytes, offset);
        if (bodyStart === undefined) {
          this.#held = Buffer.from(bytes.subarray(offset));
          return;
        }
        offset = bodyStart;
      }
      const taken = Math.min(this.#bodyLeft, bytes.length - offset);
      this.#bodyLeft -= taken;
      offset += taken;
      if (this.#bodyLeft === 0) this.#onResponse(this.#status);
    }
  }

  /** Where the body starts; undefined when the header is not all there. */
  #readHeader(bytes: Buffer, start: number): number | undefined {
    const end = bytes.indexOf(HEADER_END, start);
    if (end === -1) return undefined;
    const header = bytes.toString('latin1', start, end);
    const length = CONTENT_LENGTH.exec(header)?.[1];
    if (!header.startsWith('HTTP/1.1 ') || length === undefined) {
      throw new Error(`not a response with a content length: ${JSON.stringify(header.slice(0, 200))}`);
    }
    this.#status = Number(header.slice(STATUS_START, STATUS_START + 3));
    this.#bodyLeft = Number(length);
    return end + HEADER_END.length;
  }
}

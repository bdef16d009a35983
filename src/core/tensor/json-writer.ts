import { encodeText, encodeTextInto } from './text.ts';

const EMPTY = new Uint8Array(0);

/** Bytes of JSON text under construction. Text is kept as a string until it must become bytes: few, long encodings. */
export class JsonWriter {
  #buffer = EMPTY;
  #length = 0;
  #pending = '';

  text(text: string): void {
    this.#pending += text;
  }

  /** Lets `write` put up to `bytes` at the position given; it returns the position after its last byte. */
  raw(bytes: number, write: (buffer: Uint8Array, position: number) => number): void {
    this.#flush(bytes);
    this.#length = write(this.#buffer, this.#length);
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length === 0) return encodeText(this.#pending);
    this.#flush(0);
    return this.#buffer.subarray(0, this.#length);
  }

  /** Writes what is pending, and makes room for so many bytes after it. */
  #flush(bytes: number): void {
    // UTF-8 takes at most 3 bytes per UTF-16 unit.
    const needed = this.#length + this.#pending.length * 3 + bytes;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    if (this.#pending === '') return;
    this.#length += encodeTextInto(this.#pending, this.#buffer, this.#length);
    this.#pending = '';
  }
}

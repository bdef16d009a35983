// The core has neither DOM nor Node types; these two classes are part of every runtime it runs in.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

// Both are stateless in this use. A byte order mark is kept: in a string element it is data.
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Short texts share memory: an allocation of its own costs each of them more than its encoding. */
const SHARED_BYTES = 64 * 1024;
const SHORT_TEXT = 1024;
let shared = new Uint8Array(SHARED_BYTES);
let used = 0;

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > SHORT_TEXT) return encoder.encode(text);
  // UTF-8 takes at most 3 bytes per UTF-16 unit.
  if (used + text.length * 3 > SHARED_BYTES) {
    shared = new Uint8Array(SHARED_BYTES);
    used = 0;
  }
  const start = used;
  used += encodeTextInto(text, shared, start);
  return shared.subarray(start, used);
}

/** Writes `text` at `offset` and returns the bytes written; the target must have room for 3 bytes per UTF-16 unit. */
export function encodeTextInto(text: string, target: Uint8Array, offset: number): number {
  return encoder.encodeInto(text, target.subarray(offset)).written;
}

/** The text of these bytes, or undefined when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

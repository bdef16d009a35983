import { tensorFault } from './fault.ts';
import { decodeText } from './text.ts';

/** A BYTES element from its bytes. @throws AppError `invalid_tensor` when they are not UTF-8 or hold a NUL */
export function textElement(name: string, index: number, bytes: Uint8Array): string {
  const text = decodeText(bytes);
  if (text === undefined) {
    throw tensorFault(name, `element ${index}: expected UTF-8 text (BYTES), got bytes that are not UTF-8`);
  }
  refuseNul(name, index, text);
  return text;
}

/** onnxruntime takes strings that end at a NUL: the model would see a part of the element, and nobody would know. */
export function refuseNul(name: string, index: number, text: string): void {
  const position = text.indexOf('\0');
  if (position < 0) return;
  throw tensorFault(name, `element ${index}: expected text without NUL characters (BYTES), got one at ${position}`);
}

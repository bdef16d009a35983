import { readSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../../core/errors.ts';
import type { ModelSignature } from '../../../core/model/signature.ts';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import { type DecodedRequest, decodeRequest } from '../../../core/tensor/decode-request.ts';
import { giveBack, takeMemory } from './give-back.ts';
import type { InferMessage } from './messages.ts';

export type BodyReader = (message: InferMessage) => Uint8Array;

/** Reads bodies from the request arena, or out of the frame. */
export function bodyReader(arenaFd: number): BodyReader {
  return (message) => {
    // What was read from the socket with it is not written to again: tensors may be views of it.
    if (typeof message.at !== 'number') return message.at;
    const body = takeMemory(message.bytes);
    for (let done = 0; done < body.length; ) {
      const read = readSync(arenaFd, body, done, body.length - done, message.at + done);
      if (read === 0) throw new AppError('internal', `the request arena ended at byte ${message.at + done}`);
      done += read;
    }
    return body;
  };
}

/**
 * Decoding takes at most some ten times as much memory and a few milliseconds, less than a run may: it is not what ends
 * a process. To announce it all the same would cost as much as decoding some kilobytes does.
 */
const HARMLESS_BYTES = 256 * 1024;

/** Whether decoding can neither end this process nor hold it up. What is compressed can be a thousand times as long. */
export function isHarmless(message: InferMessage): boolean {
  return message.bytes <= HARMLESS_BYTES && message.contentEncoding === undefined;
}

export interface DecodedBody {
  readonly request: DecodedRequest;
  /** Memory that the request keeps from being freed. */
  readonly heldBytes: number;
}

/** @throws AppError with what is wrong with the body */
export function decodeBody(
  body: Uint8Array,
  message: InferMessage,
  signature: ModelSignature,
  maxBodyBytes: number,
): DecodedBody {
  const plain =
    message.contentEncoding === undefined ? body : decompressed(body, message.contentEncoding, maxBodyBytes);
  const request = decodeRequest(plain, message.headerLength, signature);
  if (plain !== body) giveBack(body);
  let tensorBytes = 0;
  for (const { data } of request.inputs) tensorBytes += sizeOf(data);
  // Binary tensors are views of the body; JSON is of no use once it is parsed.
  if (message.headerLength === undefined) giveBack(plain);
  return { request, heldBytes: Math.max(plain.length, tensorBytes) };
}

/** What V8 takes for a short string and the reference to it; long ones have about as many bytes as in the body. */
const TEXT_ELEMENT_BYTES = 32;

/** Tensors may also be views of the body; then the body, padding and all, is what they hold. */
function sizeOf(data: Tensor['data']): number {
  return ArrayBuffer.isView(data) ? data.byteLength : data.length * TEXT_ELEMENT_BYTES;
}

function decompressed(body: Uint8Array, encoding: 'gzip' | 'deflate', maxOutputLength: number): Uint8Array {
  try {
    return encoding === 'gzip' ? gunzipSync(body, { maxOutputLength }) : inflateSync(body, { maxOutputLength });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new AppError('body_too_large', `The body is longer than ${maxOutputLength} bytes after decompression.`, {
        cause,
        details: { limit_bytes: maxOutputLength },
      });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('invalid_request', `The body is not valid ${encoding}: ${reason}.`, { cause });
  }
}

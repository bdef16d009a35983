import { readSync } from 'node:fs';
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../../core/errors.ts';
import type { ModelSignature } from '../../../core/model/signature.ts';
import { type DecodedRequest, decodeRequest } from '../../../core/tensor/decode-request.ts';
import type { InferMessage } from './messages.ts';

export type BodyReader = (message: InferMessage) => Uint8Array;

/** Reads bodies from the request arena, or out of the frame. The bytes are the caller's own. */
export function bodyReader(arenaFd: number): BodyReader {
  return (message) => {
    // A frame's bytes share memory with other frames; tensors may live on as views of the body.
    if (typeof message.at !== 'number') return Uint8Array.from(message.at);
    const body = Buffer.allocUnsafeSlow(message.bytes);
    for (let done = 0; done < body.length; ) {
      const read = readSync(arenaFd, body, done, body.length - done, message.at + done);
      if (read === 0) throw new AppError('internal', `the request arena ended at byte ${message.at + done}`);
      done += read;
    }
    return body;
  };
}

/** @throws AppError with what is wrong with the body */
export function decodeBody(
  body: Uint8Array,
  message: InferMessage,
  signature: ModelSignature,
  maxBodyBytes: number,
): DecodedRequest {
  const plain =
    message.contentEncoding === undefined ? body : decompressed(body, message.contentEncoding, maxBodyBytes);
  return decodeRequest(plain, message.headerLength, signature);
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

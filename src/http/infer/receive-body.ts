import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { Payload, PayloadWriter } from '../../serving/ports/payload.ts';
import { bodyTooLarge } from '../errors/body-too-large.ts';

interface BodyLimits {
  /** From `content-length`; undefined when the body comes in chunks. */
  readonly declaredBytes: number | undefined;
  readonly limitBytes: number;
  readonly open: (expectedBytes: number | undefined) => PayloadWriter;
}

/**
 * Streams a body into its slot, without looking at it. The payload is the caller's; when the body is refused or
 * breaks off, its space has been given back by the time this rejects, and the rest of it is read away so that the
 * client, who may still be sending, gets the answer.
 * @throws AppError `body_too_large`, `overloaded`, `invalid_request`, `request_cancelled`
 */
export async function receiveBody(source: Readable, { declaredBytes, limitBytes, open }: BodyLimits): Promise<Payload> {
  if (declaredBytes !== undefined && declaredBytes > limitBytes) throw tooLarge(limitBytes);
  if (source.destroyed) throw cancelled();
  using writer = open(declaredBytes);
  const received = await copy(source, writer, limitBytes);
  if (declaredBytes !== undefined && received !== declaredBytes) {
    throw new AppError('invalid_request', `The body has ${received} bytes, content-length says ${declaredBytes}.`);
  }
  if (received === 0) throw new AppError('invalid_request', 'The request has no body.');
  return writer.finish();
}

/** Resolves with the number of bytes. */
function copy(source: Readable, writer: PayloadWriter, limitBytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const onData = (chunk: Uint8Array): void => {
      try {
        received += chunk.byteLength;
        if (received > limitBytes) throw tooLarge(limitBytes);
        writer.write(chunk);
      } catch (error) {
        stop();
        source.resume();
        reject(error);
      }
    };
    const onEnd = (): void => {
      stop();
      resolve(received);
    };
    const onBroken = (): void => {
      stop();
      reject(cancelled());
    };
    const stop = (): void => {
      source.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    source.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

function tooLarge(limitBytes: number): AppError {
  return bodyTooLarge(limitBytes, 'Send less at once, binary tensors, or a compressed body.');
}

function cancelled(): AppError {
  return new AppError('request_cancelled', 'The client went away before the body was complete.');
}

import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { Payload, PayloadWriter } from '../../serving/ports/payload.ts';
import { bodyTooLarge } from '../errors/body-too-large.ts';

/**
 * What one body is read of in a turn of the event loop. The system reads up to 2 MB of each connection at once where so
 * much has come, which is some milliseconds of copying in which nobody else is heard.
 */
const TURN_BYTES = 256 * 1024;

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
    let inTurn = 0;
    let rest: NodeJS.Immediate | undefined;
    const onData = (chunk: Uint8Array): void => {
      try {
        received += chunk.byteLength;
        if (received > limitBytes) throw tooLarge(limitBytes);
        writer.write(chunk);
        inTurn += chunk.byteLength;
        if (inTurn >= TURN_BYTES) {
          source.pause();
          rest = setImmediate(goOn);
        }
      } catch (error) {
        stop();
        source.resume();
        reject(error);
      }
    };
    const goOn = (): void => {
      inTurn = 0;
      source.resume();
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
      clearImmediate(rest);
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

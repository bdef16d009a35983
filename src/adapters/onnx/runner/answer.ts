import { deflateSync, gzipSync } from 'node:zlib';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import { encodeResponse } from '../../../core/tensor/encode-response.ts';
import type { Encoding, StartMessage } from './messages.ts';
import type { WaitingRequest } from './waiting.ts';

/** Shorter answers cost more to compress than to send. */
const COMPRESS_FROM_BYTES = 1024;
/** The fastest level: a client on the same network wants the answer, not the last percent. */
const LEVEL = 1;

export interface Answer {
  readonly chunks: readonly Uint8Array[];
  readonly headerLength: number | undefined;
  readonly contentEncoding: Encoding;
}

/** The bytes of one request's answer, compressed where the client takes that. */
export function answerOf(waiting: WaitingRequest, outputs: readonly Tensor[], start: StartMessage): Answer {
  const { request, acceptEncoding } = waiting;
  const { parts, headerLength } = encodeResponse(
    {
      modelName: start.modelId,
      modelVersion: start.version,
      outputs,
      ...(request.id === undefined ? {} : { id: request.id }),
    },
    request.outputs,
    start.labels,
  );
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (acceptEncoding === undefined || bytes < COMPRESS_FROM_BYTES) {
    return { chunks: parts, headerLength, contentEncoding: undefined };
  }
  const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  const compressed =
    acceptEncoding === 'gzip' ? gzipSync(whole, { level: LEVEL }) : deflateSync(whole, { level: LEVEL });
  return { chunks: [compressed], headerLength, contentEncoding: acceptEncoding };
}

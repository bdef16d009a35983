import type { FastifyReply } from 'fastify';
import type { RunTimings } from '../../serving/ports/engine.ts';
import type { InferReply } from '../../serving/service.ts';

/** The runner's bytes as they are, with what is known of them in headers. */
export function sendAnswer(reply: FastifyReply, answer: InferReply): FastifyReply {
  reply.header('x-served-by', `${answer.modelId}@${answer.version}`);
  if (answer.fallbackFrom !== undefined) reply.header('x-fallback-from', `${answer.modelId}@${answer.fallbackFrom}`);
  reply.header('server-timing', serverTiming(answer.timings));
  if (answer.contentEncoding !== undefined) {
    reply.header('content-encoding', answer.contentEncoding);
    reply.header('vary', 'accept-encoding');
  }
  if (answer.headerLength === undefined) {
    reply.header('content-type', 'application/json');
  } else {
    reply.header('content-type', 'application/octet-stream');
    reply.header('inference-header-content-length', answer.headerLength);
  }
  const { buffer, byteOffset, byteLength } = answer.body;
  return reply.send(Buffer.from(buffer, byteOffset, byteLength));
}

/** https://www.w3.org/TR/server-timing/, durations in milliseconds. */
function serverTiming({ decodeMs, queueMs, computeMs, encodeMs }: RunTimings): string {
  return [
    `decode;dur=${decodeMs.toFixed(3)}`,
    `queue;dur=${queueMs.toFixed(3)}`,
    `compute;dur=${computeMs.toFixed(3)}`,
    `encode;dur=${encodeMs.toFixed(3)}`,
  ].join(', ');
}

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '../../core/errors.ts';
import { ERROR_TABLE } from '../error-table.ts';
import { newRequestId } from '../plugins/request-context.ts';
import { dialectForPath } from './dialect.ts';

interface ClientError extends Error {
  readonly code?: string;
  /** The last bytes that were read. Not there when nothing came. */
  readonly rawPacket?: unknown;
}

/** Answers what is not HTTP, or too slow or too big to become a request. There is no request object yet. */
export function answerClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const failure = failureOf(error);
  const { status } = ERROR_TABLE[failure.code];
  const dialect = dialectForPath(pathIn(error.rawPacket));
  const requestId = newRequestId();
  const body = dialect.render(failure, requestId);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
      `content-type: ${dialect.contentType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    // What the client goes on sending would keep the connection open.
    () => socket.destroy(),
  );
}

function failureOf(error: ClientError): AppError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError('request_timeout', 'The request did not arrive in time.', { next: 'Send it again, faster.' });
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new AppError('header_too_large', 'The headers are larger than this server accepts.');
  }
  return new AppError('invalid_request', 'This is not a valid HTTP request.', { details: { reason: error.message } });
}

/** The path of the request line, where the packet begins with one. */
function pathIn(packet: unknown): string {
  if (!(packet instanceof Uint8Array)) return '/';
  const start = Buffer.from(packet.subarray(0, 64)).toString('latin1');
  return /^[A-Z]+ (\/\S*)/.exec(start)?.[1] ?? '/';
}

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError, ErrorCode } from '../../core/errors.ts';
import { ERROR_TABLE } from '../error-table.ts';
import { requestLogFields } from '../plugins/request-context.ts';
import type { Dialect } from './dialect.ts';
import { toAppError } from './to-app-error.ts';

const DEFAULT_RETRY_AFTER_S = 1;

/** The error handler of a scope. */
export function errorHandler(dialect: Dialect) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendError(toAppError(error, request.routeOptions.bodyLimit), dialect, request, reply);
}

export function sendError(
  error: AppError,
  dialect: Dialect,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status } = ERROR_TABLE[error.code];
  logError(error, status, request);
  if (status === 429 || status === 503) {
    reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterS ?? DEFAULT_RETRY_AFTER_S)));
  }
  return reply.code(status).header('content-type', dialect.contentType).send(dialect.render(error, request.id));
}

/** `error` is for what someone must look into. Routes that are called all the time tell their failures at `debug`. */
function logError(error: AppError, status: number, request: FastifyRequest): void {
  request.refusalLogged = true;
  const fields = { ...requestLogFields(request), status, code: error.code, detail: error.message };
  if (error.code === 'internal') request.log.error({ ...fields, err: error.cause ?? error }, 'request failed');
  else request.log[levelFor(error.code, status, request)](fields, 'request refused');
}

function levelFor(code: ErrorCode, status: number, request: FastifyRequest): 'debug' | 'info' | 'warn' {
  if (code === 'model_crashed') return 'warn';
  if (request.routeOptions.config.quiet === true) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}

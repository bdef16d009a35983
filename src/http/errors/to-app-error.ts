import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { bodyTooLarge } from './body-too-large.ts';
import { validationError } from './validation-error.ts';

/** What the framework itself refuses, by its error code. */
const FRAMEWORK_ERRORS: Readonly<Record<string, { readonly code: ErrorCode; readonly next?: string }>> = {
  FST_ERR_BAD_URL: { code: 'invalid_request', next: 'Percent-encode the path correctly.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'invalid_request' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_request' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_request' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_request', next: 'Send a JSON document.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    next: 'Send the body as application/json.',
  },
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: { code: 'invalid_request' },
};

const REFUSALS: Readonly<Record<number, ErrorCode>> = {
  403: 'forbidden',
  404: 'route_not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

/**
 * Every thrown thing as an error that a caller can be told of. What was not foreseen becomes `internal`.
 * @param bodyLimitBytes the route's: the framework's own error does not tell it
 */
export function toAppError(error: unknown, bodyLimitBytes?: number): AppError {
  if (error instanceof AppError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationError(error);
  if (!(error instanceof Error)) return unexpected(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' && bodyLimitBytes !== undefined) {
    return bodyTooLarge(bodyLimitBytes, 'Send the fields of this request alone; tensors go to the infer routes.');
  }
  const known = FRAMEWORK_ERRORS[code];
  if (known !== undefined) {
    return new AppError(known.code, sentence(error.message), {
      cause: error,
      ...(known.next === undefined ? {} : { next: known.next }),
    });
  }
  return refusalWithStatus(error) ?? unexpected(error);
}

/** The framework gives 400 to a body that broke off; its plugins have codes of their own. */
function refusalWithStatus(error: Error): AppError | undefined {
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  if (status < 400 || status >= 500) return undefined;
  const code = REFUSALS[status] ?? 'invalid_request';
  return new AppError(code, `The request was refused: ${sentence(error.message)}`, { cause: error });
}

function unexpected(cause: unknown): AppError {
  return new AppError('internal', 'The server failed unexpectedly. The reason is in its log, under this request id.', {
    cause,
  });
}

function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}

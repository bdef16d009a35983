import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../core/errors.ts';
import { acceptedEncoding, type Compression } from './accept-encoding.ts';

const MAX_TIMEOUT_MS = 86_400_000;
const MAX_PRIORITY = 2 ** 32 - 1;
const PRINTABLE_KEY = /^[\x20-\x7e]{1,256}$/;

/** What an inference request says of itself outside its body. */
export interface InferHeaders {
  readonly declaredBytes: number | undefined;
  readonly headerLength: number | undefined;
  readonly contentEncoding: Compression | undefined;
  readonly acceptEncoding: Compression | undefined;
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
  readonly routingKey: string | undefined;
  /** Of the sequence that it is part of; then it is the routing key, too. */
  readonly sequenceId: string | undefined;
}

/**
 * @param routingKeyHeader in lower case
 * @throws AppError `invalid_request` naming the header, `unsupported_media_type`
 */
export function readInferHeaders(headers: IncomingHttpHeaders, routingKeyHeader: string): InferHeaders {
  const number = (name: string, min: number, max: number) => wholeNumber(name, headers[name], min, max);
  const sequenceId = routingKey('x-sequence-id', headers['x-sequence-id']);
  return {
    declaredBytes: number('content-length', 0, Number.MAX_SAFE_INTEGER),
    headerLength: number('inference-header-content-length', 0, Number.MAX_SAFE_INTEGER),
    contentEncoding: contentEncoding(headers['content-encoding']),
    acceptEncoding: acceptedEncoding(headers['accept-encoding']),
    timeoutMs: number('x-request-timeout-ms', 1, MAX_TIMEOUT_MS),
    // As in the body, 0 means that none is given.
    priority: number('x-request-priority', 0, MAX_PRIORITY) || undefined,
    routingKey: sequenceId ?? routingKey(routingKeyHeader, headers[routingKeyHeader]),
    sequenceId,
  };
}

/** A header that came twice was joined with a comma, and so is refused. */
function wholeNumber(name: string, value: string | string[] | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const text = String(value);
  const parsed = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (parsed >= min && parsed <= max) return parsed;
  throw new AppError(
    'invalid_request',
    `The header ${name} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text.slice(0, 40))}.`,
  );
}

/** An empty one is none: gateways send that for who has no key, and those are not all one client. */
function routingKey(name: string, value: string | string[] | undefined): string | undefined {
  const text = String(value ?? '');
  if (text === '') return undefined;
  if (PRINTABLE_KEY.test(text)) return text;
  throw new AppError('invalid_request', `The header ${name} must have at most 256 characters, all printable ASCII.`, {
    next: 'Send a digest of what the key is made of.',
  });
}

function contentEncoding(value: string | undefined): Compression | undefined {
  const name = value?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'deflate') return 'deflate';
  throw new AppError(
    'unsupported_media_type',
    `The content encoding ${JSON.stringify(name.slice(0, 40))} is unknown.`,
    {
      next: 'Send the body as gzip, deflate or identity.',
      details: { supported: ['gzip', 'deflate', 'identity'] },
    },
  );
}

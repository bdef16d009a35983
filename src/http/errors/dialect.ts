import type { AppError, ErrorCode } from '../../core/errors.ts';
import { ERROR_TABLE } from '../error-table.ts';

/** How errors are written to one kind of client. */
export interface Dialect {
  readonly contentType: string;
  /** @param requestId tells which line of the log belongs to it */
  render(error: AppError, requestId: string): string;
}

/** The stable name of an error in problem documents. */
export function problemType(code: ErrorCode): string {
  return `urn:echoserve:error:${code}`;
}

/** RFC 9457. The members of `details` stand beside the standard ones. */
export const PROBLEM_DIALECT: Dialect = {
  contentType: 'application/problem+json; charset=utf-8',
  render(error, requestId) {
    const { status, title } = ERROR_TABLE[error.code];
    const standard = {
      type: problemType(error.code),
      title,
      status,
      detail: error.message,
      instance: requestId,
      ...(error.next === undefined ? {} : { next: error.next }),
    };
    // Twice: first for the order, then so that no detail can replace a standard member.
    return JSON.stringify({ ...standard, ...error.details, ...standard }, bigintAsText);
  },
};

/** The Open Inference Protocol's: one sentence under `error`. */
export const OPEN_INFERENCE_DIALECT: Dialect = {
  contentType: 'application/json; charset=utf-8',
  render(error) {
    return JSON.stringify({ error: error.next === undefined ? error.message : `${error.message} ${error.next}` });
  },
};

/** For errors that happen before a route is known. */
export function dialectForPath(path: string): Dialect {
  return /^\/v2(?:[/?#]|$)/.test(path) ? OPEN_INFERENCE_DIALECT : PROBLEM_DIALECT;
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

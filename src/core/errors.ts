/** Every way in which EchoServe refuses or fails. `http/error-table.ts` maps each code to a status, exhaustively. */
export const ERROR_CODES = [
  'invalid_request',
  'invalid_tensor',
  'model_rejected_input',
  'unauthenticated',
  'forbidden',
  'model_not_found',
  'version_not_found',
  'rollout_not_found',
  'route_not_found',
  'method_not_allowed',
  'conflict',
  'sequence_lost',
  'body_too_large',
  'header_too_large',
  'unsupported_media_type',
  'request_timeout',
  'model_unloadable',
  'queue_full',
  'request_cancelled',
  'model_crashed',
  'internal',
  'not_ready',
  'overloaded',
  'draining',
  'download_failed',
  'deadline_exceeded',
  'insufficient_memory',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorOptions {
  readonly cause?: unknown;
  /** What the caller can do next, as a sentence. */
  readonly next?: string;
  /** When a retry may succeed, in seconds. */
  readonly retryAfterS?: number;
  /** Figures and names behind the message; they become members of the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure that a caller can act on. `message` says what was wrong; `next` says what to do. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly next: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.next = options.next;
    this.retryAfterS = options.retryAfterS;
    this.details = options.details ?? {};
  }
}

import type { ErrorCode } from '../core/errors.ts';

interface ErrorEntry {
  readonly status: number;
  readonly title: string;
}

/** The one place where an error gets its HTTP status. Exhaustive: a new code does not compile without a row. */
export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorEntry>> = {
  invalid_request: { status: 400, title: 'Invalid request' },
  invalid_tensor: { status: 400, title: 'Invalid tensor' },
  model_rejected_input: { status: 400, title: 'The model rejected the input' },
  unauthenticated: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  model_not_found: { status: 404, title: 'Unknown model' },
  version_not_found: { status: 404, title: 'Unknown version' },
  rollout_not_found: { status: 404, title: 'Unknown rollout' },
  route_not_found: { status: 404, title: 'Unknown route' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'Conflict' },
  sequence_lost: { status: 409, title: 'The state of the sequence is lost' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  model_unloadable: { status: 422, title: 'The model can not be loaded' },
  queue_full: { status: 429, title: 'Queue full' },
  header_too_large: { status: 431, title: 'Headers too large' },
  // Not registered with IANA; what nginx and many tools after it call a client that went away.
  request_cancelled: { status: 499, title: 'The client closed the request' },
  model_crashed: { status: 500, title: 'This request crashed the model' },
  internal: { status: 500, title: 'Internal error' },
  download_failed: { status: 502, title: 'Download failed' },
  not_ready: { status: 503, title: 'Not ready' },
  overloaded: { status: 503, title: 'Overloaded' },
  draining: { status: 503, title: 'Shutting down' },
  deadline_exceeded: { status: 504, title: 'Deadline exceeded' },
  insufficient_memory: { status: 507, title: 'Insufficient memory' },
};

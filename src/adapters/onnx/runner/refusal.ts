import { AppError } from '../../../core/errors.ts';
import type { ErrorMessage } from './messages.ts';

/**
 * What the front is told of a failure. What nobody foresaw goes to `warn` alone: its text and stack are for those who
 * run the server, not for its clients.
 */
export function refusalOf(error: unknown, warn: (text: string) => void): ErrorMessage {
  if (error instanceof AppError) {
    const { code, message, next, retryAfterS, details } = error;
    return {
      code,
      message,
      details,
      ...(next === undefined ? {} : { next }),
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    };
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return { code: 'internal', message: 'The model’s process failed while it worked on this request.' };
}

import { AppError } from '../../core/errors.ts';

/** @param next what the caller can do instead */
export function bodyTooLarge(limitBytes: number, next: string): AppError {
  return new AppError('body_too_large', `The body is larger than the limit of ${limitBytes} bytes.`, {
    next,
    details: { limit_bytes: limitBytes },
  });
}

import { AppError } from '../../core/errors.ts';

export function noSpace(place: string, cause?: unknown): AppError {
  return new AppError('download_failed', `The model does not fit on the disk of ${place}: no space left.`, {
    cause,
    next: 'Free some space in the data directory, then repeat the request.',
  });
}

import { AppError } from '../../core/errors.ts';
import { sha256File } from './sha256-file.ts';

/** In lower case. @throws AppError `invalid_request` for what is no digest */
export function expectedDigest(sha256: string | undefined): string | undefined {
  const digest = sha256?.toLowerCase();
  if (digest === undefined || /^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new AppError('invalid_request', 'sha256 is 64 hexadecimal digits.');
}

/** @throws AppError `model_unloadable` for a file that is another one */
export async function checkDigest(path: string, expected: string | undefined, signal: AbortSignal): Promise<void> {
  if (expected === undefined) return;
  const actual = await sha256File(path, signal);
  if (actual === expected) return;
  throw new AppError('model_unloadable', `The model's SHA-256 is ${actual}, expected was ${expected}.`, {
    next: 'Correct sha256 in the request, or find out why the source has other bytes.',
    details: { expected, actual },
  });
}

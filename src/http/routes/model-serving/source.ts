import { AppError } from '../../../core/errors.ts';

interface SourceFields {
  readonly source?: string | undefined;
  readonly sha256?: string | undefined;
}

/** @throws AppError `invalid_request` for a digest of nothing */
export function sourceOf({ source, sha256 }: SourceFields): {
  readonly source: string | undefined;
  readonly sha256: string | undefined;
} {
  if (sha256 !== undefined && source === undefined) {
    throw new AppError('invalid_request', '"sha256" says what the file at "source" must be, but there is no "source".');
  }
  return { source, sha256: sha256?.toLowerCase() };
}

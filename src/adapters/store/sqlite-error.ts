import { AppError } from '../../core/errors.ts';

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html); extended ones carry them in the low byte. */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

export function isInputOutputError(error: unknown): boolean {
  return resultCode(error) === IOERR;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** What a person can do about a failure of SQLite on `file`. Errors that are not SQLite's pass unchanged. */
export function explainSqliteError(error: unknown, file: string, dataDir: string): unknown {
  const code = resultCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  switch (code) {
    case BUSY:
      return new AppError('conflict', `The data directory ${dataDir} is in use by another server.`, {
        cause: error,
        next: 'Stop that server, or give this one a directory of its own with --data-dir.',
      });
    case CORRUPT:
    case NOTADB:
      return corruptState(file, error.message, error);
    case FULL:
      return new AppError('internal', `Can not write ${file}: no space is left on its disk. Nothing was changed.`, {
        cause: error,
        next: 'Free some space, then repeat the request.',
      });
    case READONLY:
    case CANTOPEN:
    case IOERR:
      return new AppError('internal', `Can not use ${file}: ${error.message}.`, {
        cause: error,
        next: 'Check that the data directory exists on a healthy disk and that the server may write to it.',
      });
    default:
      return new AppError('internal', `The state store failed on ${file}: ${error.message}.`, { cause: error });
  }
}

export function corruptState(file: string, reason: string, cause?: unknown): AppError {
  return new AppError('internal', `The state file ${file} is damaged (${reason}); it was left as it is.`, {
    cause,
    next: `Move ${file}* away, or restore a backup, and start again: without it the server starts with no memory of what was serving.`,
  });
}

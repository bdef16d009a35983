import { type BigIntStats, statSync } from 'node:fs';
import { unloadable } from './unloadable.ts';

/** Which file it is, and with which content: what a replacement or a write changes. */
export type FileState = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

/** A file that was read, and its state when that began. */
export interface SourceFile {
  readonly path: string;
  readonly state: FileState;
}

/**
 * What was read of a file by several opens, or will be read by its path, is one content only if it stayed as it was.
 * @throws AppError `model_unloadable` when it did not
 */
export function requireUnchanged({ path, state }: SourceFile): void {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false });
  const same =
    now?.dev === state.dev && now.ino === state.ino && now.size === state.size && now.mtimeNs === state.mtimeNs;
  if (same) return;
  throw unloadable(`${path} was changed while it was read.`, {
    next: 'Load the model again once its files are written; better, write a file elsewhere and rename it into place.',
  });
}

import { writevSync } from 'node:fs';
import { AppError } from '../../../core/errors.ts';

/** Writes views one after the other at a position of the response arena, all of them or an error. */
export type SlotWriter = (views: readonly Uint8Array[], position: number) => void;

/** @returns a writer that throws AppError `overloaded` where the file system has no room */
export function slotWriter(arenaFd: number): SlotWriter {
  return (views, position) => {
    try {
      writeFully(arenaFd, views, position);
    } catch (error) {
      throw isOutOfSpace(error) ? noRoom(error) : error;
    }
  };
}

function writeFully(fd: number, views: readonly Uint8Array[], position: number): void {
  const bytes = views.reduce((sum, view) => sum + view.length, 0);
  const written = writevSync(fd, views, position);
  if (written === bytes) return;
  // A short write is rare; one buffer makes the rest simple.
  const all = Buffer.concat(views);
  for (let done = written; done < bytes; ) done += writevSync(fd, [all.subarray(done)], position + done);
}

function isOutOfSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

/** The arena is sparse, and others use the file system too: that a slot is free does not mean that it has pages. */
function noRoom(cause: unknown): AppError {
  return new AppError('overloaded', 'There is no room in shared memory for the answer.', {
    next: 'Retry later, ask for less at once, or give the server more shared memory (see --arena-dir).',
    retryAfterS: 1,
    cause,
  });
}

import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, statfsSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../core/errors.ts';

/** A sparse file in memory that has no name any more: it is gone with the last process that holds it. */
export interface ArenaFile {
  /** Read and write. */
  readonly fd: number;
  /** The same file, read-only where the system can reopen it, for processes that must not write. */
  readonly readOnlyFd: number;
}

/** Opens and at once unlinks a sparse file of `bytes` in `dir`. */
export function openArenaFile(dir: string, bytes: number): ArenaFile {
  const path = join(dir, `echoserve-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    ftruncateSync(fd, bytes);
    // Linux reopens by the descriptor; elsewhere the name is still there for a second open.
    const readOnlyFd = openSync(process.platform === 'linux' ? `/proc/self/fd/${fd}` : path, 'r');
    return { fd, readOnlyFd };
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    unlinkSync(path);
  }
}

export function closeArenaFile(file: ArenaFile): void {
  closeSync(file.readOnlyFd);
  closeSync(file.fd);
}

/** What a file really takes: pages that were never written, or were given back, cost nothing. */
export function allocatedBytes(file: ArenaFile): number {
  return fstatSync(file.fd).blocks * 512;
}

const TMPFS_MAGIC = 0x0102_1994;
const DEFAULT_DIR = '/dev/shm';

/**
 * The directory for arenas. On Linux it must be a memory file system, since payloads would reach a disk otherwise.
 * @throws AppError `invalid_request` when it is not and `allowDisk` is not set
 */
export function arenaDirectory(wanted: string | undefined, allowDisk: boolean): string {
  if (process.platform !== 'linux') return wanted ?? tmpdir();
  const dir = wanted ?? DEFAULT_DIR;
  let isMemory = false;
  try {
    isMemory = statfsSync(dir).type === TMPFS_MAGIC;
  } catch {
    // Absent: the same answer as for a disk.
  }
  if (isMemory) return dir;
  if (allowDisk) return wanted ?? tmpdir();
  throw new AppError(
    'invalid_request',
    `${dir} is not a memory file system (tmpfs): request bodies would reach a disk.`,
    {
      next: 'Mount a tmpfs there, name another one with --arena-dir, or accept it with --allow-disk-arena.',
    },
  );
}

/** Bytes that an arena in `dir` may hold: what was wanted, but at most half of what is free there. */
export function arenaCapacity(dir: string, wantedBytes: number): number {
  const { bavail, bsize } = statfsSync(dir);
  return Math.min(wantedBytes, Math.floor((bavail * bsize) / 2));
}

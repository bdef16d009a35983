import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface SharedFilesPlace {
  /** Where procfs is mounted. */
  readonly proc?: string;
  /** The memory file system. */
  readonly directory?: string;
}

/**
 * Bytes of the files in shared memory that these processes have open, each counted once: the pages of an arena belong to
 * no process, and its name is gone. What others keep in the same file system is left out.
 */
export async function readSharedFiles(
  pids: readonly number[],
  { proc = '/proc', directory = '/dev/shm' }: SharedFilesPlace = {},
): Promise<number> {
  const bytesByFile = new Map<string, number>();
  for (const pid of pids) {
    const folder = join(proc, String(pid), 'fd');
    for (const descriptor of await readdir(folder).catch(() => [])) {
      const path = join(folder, descriptor);
      try {
        if (!(await readlink(path)).startsWith(`${directory}/`)) continue;
        // By its descriptor a file without a name can be looked at too.
        const { dev, ino, blocks } = await stat(path);
        bytesByFile.set(`${dev}:${ino}`, blocks * 512);
      } catch {
        // Closed meanwhile.
      }
    }
  }
  return [...bytesByFile.values()].reduce((sum, bytes) => sum + bytes, 0);
}

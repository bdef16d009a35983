import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { hasCode, isWithin } from './confine.ts';
import { MODEL_FILE } from './model-tree.ts';

const PART_KEPT_MS = 7 * 24 * 3600 * 1000;

/** The data directory's room for what is on its way: parts of downloads, folders not yet in place, folders to remove. */
export class Staging {
  readonly dir: string;
  readonly #modelsDir: string;
  #prepared: Promise<void> | undefined;

  constructor(downloadsDir: string, modelsDir: string) {
    this.dir = downloadsDir;
    this.#modelsDir = modelsDir;
  }

  /** Creates the room and clears what a killed server left. Parts are kept for a week, to be resumed. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#clear().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #clear(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const oldest = Date.now() - PART_KEPT_MS;
    for (const name of await readdir(this.dir)) {
      const path = join(this.dir, name);
      const isLeftover = name.endsWith('.staging') || name.endsWith('.trash');
      if (isLeftover || (await stat(path)).mtimeMs < oldest) await rm(path, { recursive: true, force: true });
    }
  }

  partPath(key: string): string {
    return join(this.dir, `${key}.part`);
  }

  /** An empty folder; what its files are called is up to the caller. */
  async createFolder(key: string): Promise<string> {
    const path = this.#folderPath(key);
    await mkdir(path, { mode: 0o755 });
    return path;
  }

  /** Removes what a failure left of a folder. Nothing to do when it was placed. */
  async dropFolder(key: string): Promise<void> {
    await rm(this.#folderPath(key), { recursive: true, force: true });
  }

  #folderPath(key: string): string {
    return join(this.dir, `${key}.staging`);
  }

  /**
   * Makes a staged folder, its files synced already, the version's folder: all of it or nothing, also after a crash.
   * @throws AppError `conflict` when the version is there already
   */
  async place(folder: string, versionDir: string): Promise<void> {
    await this.#refuseNesting(versionDir);
    await syncDirectory(folder);
    await mkdir(dirname(versionDir), { recursive: true, mode: 0o755 });
    try {
      await rename(folder, versionDir);
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) throw placedAlready(versionDir, error);
      throw error;
    }
    try {
      for (let dir = dirname(versionDir); isWithin(dirname(this.#modelsDir), dir); dir = dirname(dir)) {
        await syncDirectory(dir);
      }
    } catch (error) {
      await this.remove(versionDir);
      throw error;
    }
  }

  /** Takes a version's folder away at once, then frees its space. Nothing to do when it is not there. */
  async remove(versionDir: string): Promise<void> {
    await this.prepare();
    const trash = join(this.dir, `${randomUUID()}.trash`);
    try {
      await rename(versionDir, trash);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    await rm(trash, { recursive: true, force: true });
    for (let dir = dirname(versionDir); dir !== this.#modelsDir; dir = dirname(dir)) {
      // Stops at the first folder that still has something in it.
      const isGone = await rmdir(dir).then(
        () => true,
        () => false,
      );
      if (!isGone) return;
    }
  }

  /** `a/1` can not be a model while `a` has a version `1`: removing that version would remove the model. */
  async #refuseNesting(versionDir: string): Promise<void> {
    for (let dir = dirname(versionDir); dir !== this.#modelsDir; dir = dirname(dir)) {
      const isVersion = await stat(join(dir, MODEL_FILE)).then(
        () => true,
        () => false,
      );
      if (isVersion) throw new AppError('conflict', `${dir} is a version of another model: use another model id.`);
    }
  }
}

function placedAlready(versionDir: string, cause: unknown): AppError {
  return new AppError('conflict', `${versionDir} is there already.`, {
    cause,
    next: 'Name another version, or leave it out to get the next one.',
  });
}

/** Makes the directory's entries durable. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

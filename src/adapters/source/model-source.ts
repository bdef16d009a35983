import { createHash } from 'node:crypto';
import { realpath, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Catalog, CatalogVersion, Fetched, FetchRequest, ModelSource } from '../../serving/ports/catalog.ts';
import { modelsDir } from './catalog.ts';
import { hasCode } from './confine.ts';
import { cancelled, type DownloadOptions, download } from './download.ts';
import { checkDigest, expectedDigest } from './expected-digest.ts';
import { copyFiles, localFiles } from './local-files.ts';
import { MANIFEST_FILE, ManifestError, readManifest } from './manifest-file.ts';
import { MODEL_FILE } from './model-tree.ts';
import { removePart } from './part-file.ts';
import { writeSourceNote } from './source-note.ts';
import { Staging } from './staging.ts';
import { noSpace } from './storage-error.ts';
import { UrlPolicy } from './url-policy.ts';
import { type ResolveHost, systemResolveHost } from './verified-lookup.ts';

export interface ModelSourceOptions {
  readonly dataDir: string;
  /** Of the same directories: it says which versions exist, and describes what was brought. */
  readonly catalog: Catalog;
  /** Directories that a source may name a path in. */
  readonly allowedRoots: readonly string[];
  /** See `UrlPolicy`. */
  readonly allowedUrls: readonly string[];
  readonly maxBytes?: number;
  readonly idleTimeoutMs?: number;
  readonly retryDelaysMs?: readonly number[];
  readonly resolveHost?: ResolveHost;
  readonly delay?: DownloadOptions['delay'];
}

/** @throws AppError `invalid_request` for an entry of `allowedUrls` that is none */
export function createModelSource(options: ModelSourceOptions): ModelSource {
  return new DirectoryModelSource(options);
}

class DirectoryModelSource implements ModelSource {
  readonly #options: ModelSourceOptions;
  readonly #policy: UrlPolicy;
  readonly #modelsDir: string;
  readonly #staging: Staging;
  readonly #active = new Set<string>();

  constructor(options: ModelSourceOptions) {
    this.#options = options;
    this.#policy = new UrlPolicy(options.allowedUrls);
    this.#modelsDir = modelsDir(options.dataDir);
    this.#staging = new Staging(join(resolve(options.dataDir), 'downloads'), this.#modelsDir);
  }

  async fetch(request: FetchRequest): Promise<Fetched> {
    const target = `${request.modelId}@${request.version}`;
    const sha256 = expectedDigest(request.sha256);
    if (this.#active.has(target)) throw new AppError('conflict', `${target} is being fetched already.`);
    this.#active.add(target);
    try {
      const existing = await this.#find(request.modelId, request.version);
      if (existing !== undefined) {
        await this.#refuseUnlessSame(existing, sha256, request.signal);
        return { files: existing, placed: false };
      }
      await this.#staging.prepare();
      await this.#place(request, sha256);
      return { files: await this.#placed(request), placed: true };
    } catch (error) {
      throw explain(error, request.signal);
    } finally {
      this.#active.delete(target);
    }
  }

  async discard(modelId: ModelId, version: VersionName): Promise<void> {
    await this.#staging.remove(this.#versionDir(modelId, version));
  }

  /** Everything before the renaming happens outside the models' folders: where this fails, nothing of them changed. */
  async #place(request: FetchRequest, sha256: string | undefined): Promise<void> {
    const key = createHash('sha256').update(`${request.source}\n${request.modelId}\n${request.version}`).digest('hex');
    const url = asUrl(request.source);
    try {
      const folder =
        url === undefined ? await this.#copy(request, key, sha256) : await this.#download(url, request, key, sha256);
      await checkManifest(folder);
      await writeSourceNote(folder, request.source);
      request.signal.throwIfAborted();
      await this.#staging.place(folder, this.#versionDir(request.modelId, request.version));
    } finally {
      await this.#staging.dropFolder(key);
    }
  }

  /** What `#place` has just put there; it is taken away again where it can not be used. */
  async #placed({ modelId, version }: FetchRequest): Promise<CatalogVersion> {
    try {
      const placed = await this.#find(modelId, version);
      if (placed !== undefined) return placed;
      throw new AppError('model_unloadable', `The manifest of ${modelId} can not be used.`, {
        next: `Correct its ${MANIFEST_FILE}; the list of repository problems has the reason.`,
      });
    } catch (error) {
      await this.discard(modelId, version);
      throw error;
    }
  }

  /** Versions do not change once they are there: only the very same file may be brought again. */
  async #refuseUnlessSame(existing: CatalogVersion, sha256: string | undefined, signal: AbortSignal): Promise<void> {
    if (sha256 !== undefined && (await this.#options.catalog.sha256(existing, signal)) === sha256) return;
    throw new AppError('conflict', `${existing.modelId}@${existing.version} exists already: ${existing.modelPath}.`, {
      next: 'Load it without a source, name another version, or leave the version out to get the next one.',
    });
  }

  async #copy(request: FetchRequest, key: string, sha256: string | undefined): Promise<string> {
    const files = await localFiles(request.source, this.#options.allowedRoots);
    const folder = await this.#staging.createFolder(key);
    await copyFiles(files, folder, request);
    await checkDigest(join(folder, MODEL_FILE), sha256, request.signal);
    return folder;
  }

  async #download(url: URL, request: FetchRequest, key: string, sha256: string | undefined): Promise<string> {
    this.#policy.admit(url);
    const part = this.#staging.partPath(key);
    await download(url, part, this.#downloadOptions(request, sha256 !== undefined));
    await checkDigest(part, sha256, request.signal).catch(async (error: unknown) => {
      // These bytes are wrong, so the next attempt must not go on from them.
      if (error instanceof AppError) await removePart(part);
      throw error;
    });
    const folder = await this.#staging.createFolder(key);
    await rename(part, join(folder, MODEL_FILE));
    await removePart(part);
    return folder;
  }

  #downloadOptions(request: FetchRequest, isVerified: boolean): DownloadOptions {
    const options = this.#options;
    return {
      policy: this.#policy,
      resolveHost: options.resolveHost ?? systemResolveHost,
      idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
      maxBytes: options.maxBytes ?? 64 * 1024 ** 3,
      retryDelaysMs: options.retryDelaysMs ?? [500, 1000, 2000, 4000],
      delay: options.delay ?? ((ms, signal) => sleep(ms, undefined, { signal })),
      isVerified,
      signal: request.signal,
      onProgress: request.onProgress,
    };
  }

  #versionDir(modelId: ModelId, version: VersionName): string {
    return join(this.#modelsDir, modelId, version);
  }

  async #find(modelId: ModelId, version: VersionName): Promise<CatalogVersion | undefined> {
    const versions = await this.#options.catalog.find(modelId);
    return versions.find((candidate) => candidate.version === version);
  }
}

function asUrl(source: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return undefined;
  const url = URL.parse(source);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new AppError('invalid_request', `The source ${JSON.stringify(source)} is no https:// or http:// URL.`);
}

async function checkManifest(folder: string): Promise<void> {
  try {
    await readManifest(folder, [await realpath(folder)]);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const message = `The source's ${MANIFEST_FILE} can not be used: ${error.message}.`;
    throw new AppError('model_unloadable', message, { cause: error });
  }
}

function explain(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof AppError) return error;
  if (signal.aborted) return cancelled(signal);
  if (hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')) return noSpace('the data directory', error);
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('download_failed', `Fetching the model failed: ${reason}.`, { cause: error });
}

import { createHash } from 'node:crypto';
import { realpath, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Catalog, CatalogVersion, FetchRequest, ModelSource } from '../../serving/ports/catalog.ts';
import { modelsDir } from './catalog.ts';
import { hasCode } from './confine.ts';
import { cancelled, type DownloadOptions, download } from './download.ts';
import { copyFiles, localFiles } from './local-files.ts';
import { MANIFEST_FILE, ManifestError, readManifest } from './manifest-file.ts';
import { MODEL_FILE } from './model-tree.ts';
import { removePart } from './part-file.ts';
import { sha256File } from './sha256-file.ts';
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

  async fetch(request: FetchRequest): Promise<CatalogVersion> {
    const target = `${request.modelId}@${request.version}`;
    const sha256 = expectedDigest(request.sha256);
    if (this.#active.has(target)) throw new AppError('conflict', `${target} is being fetched already.`);
    this.#active.add(target);
    try {
      const existing = await this.#find(request.modelId, request.version);
      if (existing !== undefined) return await acceptExisting(existing, sha256, request.signal);
      await this.#staging.prepare();
      return await this.#bring(request, sha256);
    } catch (error) {
      throw explain(error, request.signal);
    } finally {
      this.#active.delete(target);
    }
  }

  async discard(modelId: ModelId, version: VersionName): Promise<void> {
    await this.#staging.remove(this.#versionDir(modelId, version));
  }

  async #bring(request: FetchRequest, sha256: string | undefined): Promise<CatalogVersion> {
    const key = createHash('sha256').update(`${request.source}\n${request.modelId}\n${request.version}`).digest('hex');
    const url = asUrl(request.source);
    try {
      const folder =
        url === undefined ? await this.#copy(request, key, sha256) : await this.#download(url, request, key, sha256);
      await checkManifest(folder);
      request.signal.throwIfAborted();
      await this.#staging.place(folder, this.#versionDir(request.modelId, request.version));
    } finally {
      await this.#staging.dropFolder(key);
    }
    const placed = await this.#find(request.modelId, request.version);
    if (placed !== undefined) return placed;
    await this.discard(request.modelId, request.version);
    throw new AppError('model_unloadable', `The manifest of ${request.modelId} can not be used.`, {
      next: `Correct its ${MANIFEST_FILE}; the list of repository problems has the reason.`,
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

function expectedDigest(sha256: string | undefined): string | undefined {
  const digest = sha256?.toLowerCase();
  if (digest === undefined || /^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new AppError('invalid_request', 'sha256 is 64 hexadecimal digits.');
}

function asUrl(source: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return undefined;
  const url = URL.parse(source);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new AppError('invalid_request', `The source ${JSON.stringify(source)} is no https:// or http:// URL.`);
}

/** Versions do not change once they are there: only the very same file may be brought again. */
async function acceptExisting(
  existing: CatalogVersion,
  sha256: string | undefined,
  signal: AbortSignal,
): Promise<CatalogVersion> {
  if (sha256 !== undefined && (await sha256File(existing.modelPath, signal)) === sha256) return existing;
  throw new AppError('conflict', `${existing.modelId}@${existing.version} exists already: ${existing.modelPath}.`, {
    next: 'Load it without a source, name another version, or leave the version out to get the next one.',
  });
}

async function checkDigest(path: string, expected: string | undefined, signal: AbortSignal): Promise<void> {
  if (expected === undefined) return;
  const actual = await sha256File(path, signal);
  if (actual === expected) return;
  throw new AppError('model_unloadable', `The model's SHA-256 is ${actual}, expected was ${expected}.`, {
    next: 'Correct sha256 in the request, or find out why the source has other bytes.',
    details: { expected, actual },
  });
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

import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import { latestVersion, parseVersion, type VersionName } from '../../core/model/version.ts';
import type { Catalog, CatalogVersion } from '../ports/catalog.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { Residency } from './residency.ts';

/** What can be loaded: the versions on disk, with those that are resident or on their way. */
export class Repository {
  readonly #catalog: Catalog;
  readonly #residency: Residency;

  constructor(catalog: Catalog, residency: Residency) {
    this.#catalog = catalog;
    this.#residency = residency;
  }

  /** Read anew from disk. @throws AppError `model_not_found` for a model of which there is nothing */
  async versions(modelId: ModelId): Promise<readonly CatalogVersion[]> {
    const found = await this.#catalog.find(modelId);
    if (found.length > 0 || this.#residency.ofModel(modelId).length > 0) return found;
    throw new AppError('model_not_found', `There is no model "${modelId}".`, {
      next: 'Put it into the model repository, or load it with a source.',
    });
  }

  /** @throws AppError `model_not_found`, `version_not_found` */
  async require(modelId: ModelId, version: VersionName | 'latest'): Promise<CatalogVersion> {
    const found = await this.versions(modelId);
    const name = version === 'latest' ? latestVersion(found.map((files) => files.version)) : version;
    const files = found.find((candidate) => candidate.version === name);
    if (files !== undefined) return files;
    throw versionNotFound(modelId, version, found);
  }

  /** The versions on disk; empty for a model that is not there. */
  onDisk(modelId: ModelId): Promise<readonly CatalogVersion[]> {
    return this.#catalog.find(modelId);
  }

  /** Names that what a source brings can not have: of versions, and of whatever else is in the model's folders. */
  takenNames(modelId: ModelId): Promise<ReadonlySet<string>> {
    return this.#catalog.takenNames(modelId);
  }

  /** SHA-256, in hex, of a version's .onnx file as it is now. */
  sha256(files: CatalogVersion, signal: AbortSignal): Promise<string> {
    return waitUnlessAborted(this.#catalog.sha256(files, signal), signal);
  }

  /**
   * One more than the highest integer that is taken on disk or on its way; "1" for a new model. It waits for nothing, so
   * that a caller who goes on at once gets a number that nobody else has.
   */
  nextVersion(modelId: ModelId, taken: ReadonlySet<string>): VersionName {
    const names = [...taken, ...this.#residency.ofModel(modelId).map((each) => each.version)];
    const highest = names.filter((name) => /^\d+$/.test(name)).reduce((max, name) => bigMax(max, BigInt(name)), 0n);
    return parseVersion(String(highest + 1n));
  }
}

function bigMax(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function versionNotFound(
  modelId: ModelId,
  version: string,
  known: readonly { readonly version: string }[],
): AppError {
  const names = known.map((each) => each.version).join(', ');
  return new AppError('version_not_found', `Model "${modelId}" has no version "${version}".`, {
    next: names === '' ? 'Load one with a source.' : `Known versions: ${names}.`,
  });
}

import { AppError } from '../../../src/core/errors.ts';
import { EMPTY_MANIFEST, type ModelManifest } from '../../../src/core/model/manifest.ts';
import { type ModelId, parseModelId } from '../../../src/core/model/model-id.ts';
import { parseVersion, type VersionName } from '../../../src/core/model/version.ts';
import type {
  Catalog,
  CatalogListing,
  CatalogVersion,
  Fetched,
  FetchRequest,
  ModelSource,
} from '../../../src/serving/ports/catalog.ts';

/** The digest of every file of the fakes. */
export const FAKE_SHA256 = 'ab'.repeat(32);

/** Model files that are only said to be there. */
export class FakeCatalog implements Catalog {
  readonly #versions = new Map<string, CatalogVersion>();
  problems: CatalogListing['problems'] = [];

  add(
    modelId: string,
    version: string,
    more: Partial<CatalogVersion> & { manifest?: ModelManifest } = {},
  ): CatalogVersion {
    const files: CatalogVersion = {
      modelId: parseModelId(modelId),
      version: parseVersion(version),
      modelPath: `/models/${modelId}/${version}/model.onnx`,
      manifest: EMPTY_MANIFEST,
      probesDir: undefined,
      origin: 'repository',
      source: undefined,
      ...more,
    };
    this.#versions.set(`${modelId}@${version}`, files);
    return files;
  }

  remove(modelId: string, version: string): void {
    this.#versions.delete(`${modelId}@${version}`);
  }

  async list(): Promise<CatalogListing> {
    return { versions: [...this.#versions.values()], problems: this.problems };
  }

  async find(modelId: ModelId): Promise<readonly CatalogVersion[]> {
    return [...this.#versions.values()].filter((files) => files.modelId === modelId);
  }

  async takenNames(modelId: ModelId): Promise<ReadonlySet<string>> {
    return new Set((await this.find(modelId)).map((files) => files.version));
  }

  async sha256(): Promise<string> {
    return FAKE_SHA256;
  }
}

/** Brings any source into a FakeCatalog, unless told to fail. */
export class FakeSource implements ModelSource {
  readonly fetched: string[] = [];
  readonly discarded: string[] = [];
  failure: Error | undefined;
  readonly #catalog: FakeCatalog;

  constructor(catalog: FakeCatalog) {
    this.#catalog = catalog;
  }

  async fetch(request: FetchRequest): Promise<Fetched> {
    this.fetched.push(`${request.modelId}@${request.version}`);
    request.onProgress({ bytesDone: 10, bytesTotal: 20 });
    await Promise.resolve();
    request.signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    if (request.sha256 !== undefined && request.sha256 !== FAKE_SHA256) {
      throw new AppError('model_unloadable', 'another digest');
    }
    const existing = (await this.#catalog.find(request.modelId)).find((files) => files.version === request.version);
    if (existing !== undefined) return { files: existing, placed: false };
    const { modelId, version, source } = request;
    return { files: this.#catalog.add(modelId, version, { origin: 'data', source }), placed: true };
  }

  async discard(modelId: ModelId, version: VersionName): Promise<void> {
    this.discarded.push(`${modelId}@${version}`);
    this.#catalog.remove(modelId, version);
  }
}

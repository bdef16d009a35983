import type { ModelManifest } from '../../core/model/manifest.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';

/** A version whose files are here. */
export interface CatalogVersion {
  readonly modelId: ModelId;
  readonly version: VersionName;
  /** The .onnx file. */
  readonly modelPath: string;
  /** The model's manifest under the version's. */
  readonly manifest: ModelManifest;
  /** Directory of golden probes, where there is one. */
  readonly probesDir: string | undefined;
  /** `repository`: an operator put it there. `data`: a request's `source` brought it. */
  readonly origin: 'repository' | 'data';
}

/** One problem that kept something in the repository from being listed. */
export interface CatalogProblem {
  readonly path: string;
  readonly reason: string;
}

export interface CatalogListing {
  readonly versions: readonly CatalogVersion[];
  readonly problems: readonly CatalogProblem[];
}

/** The model files on disk: the repository and what was brought into the data directory. */
export interface Catalog {
  /** Reads the directories anew. */
  list(): Promise<CatalogListing>;
  /** The versions of one model, read anew; empty when it is unknown. */
  find(modelId: ModelId): Promise<readonly CatalogVersion[]>;
}

export interface FetchProgress {
  readonly bytesDone: number;
  /** Undefined when the server does not say. */
  readonly bytesTotal: number | undefined;
}

export interface FetchRequest {
  readonly modelId: ModelId;
  readonly version: VersionName;
  /** A path within the allowed roots, or an http(s) URL that the allow-list admits. */
  readonly source: string;
  /** Expected digest in hex. */
  readonly sha256: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FetchProgress) => void;
}

/** Brings a model file into the data directory, under `<model_id>/<version>/`. */
export interface ModelSource {
  /**
   * Resumes a partial download of the same source. Verifies, then renames into place.
   * @throws AppError `forbidden` (outside the roots or the allow-list), `invalid_request`, `download_failed`,
   *   `model_unloadable` (digest mismatch)
   */
  fetch(request: FetchRequest): Promise<CatalogVersion>;
  /** Removes what `fetch` brought for a version that turned out not to load. Nothing to do for a path in the roots. */
  discard(modelId: ModelId, version: VersionName): Promise<void>;
}

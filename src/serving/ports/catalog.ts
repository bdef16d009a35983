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
  /** What that request named; undefined where no request brought it, or where that is not known. */
  readonly source: string | undefined;
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
  /**
   * Names that a new version of the model can not have, read anew: those of its versions, and of whatever else is in its
   * folders, such as a version that is not listed because its manifest is wrong.
   */
  takenNames(modelId: ModelId): Promise<ReadonlySet<string>>;
  /** SHA-256, in hex, of a version's .onnx file as it is now. Rejects with the signal's reason when aborted. */
  sha256(version: CatalogVersion, signal: AbortSignal): Promise<string>;
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

export interface Fetched {
  readonly files: CatalogVersion;
  /** Whether this call put them there. Only then are they the caller's to discard. */
  readonly placed: boolean;
}

/** Brings a model file into the data directory, under `<model_id>/<version>/`. */
export interface ModelSource {
  /**
   * Resumes a partial download of the same source. Verifies, then renames into place. Where it fails, everything is as
   * it was, but for what is kept of a download.
   * @throws AppError `forbidden` (outside the roots or the allow-list), `invalid_request`, `download_failed`,
   *   `model_unloadable` (digest mismatch)
   */
  fetch(request: FetchRequest): Promise<Fetched>;
  /** Removes what a `fetch` placed, for a version that turned out not to load. */
  discard(modelId: ModelId, version: VersionName): Promise<void>;
}

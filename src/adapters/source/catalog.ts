import { readdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelId } from '../../core/model/model-id.ts';
import { compareVersions } from '../../core/model/version.ts';
import type { Catalog, CatalogListing, CatalogProblem, CatalogVersion } from '../../serving/ports/catalog.ts';
import { allCandidates, type Candidate, type CatalogRoot, candidatesOf } from './candidates.ts';
import { reasonOf } from './confine.ts';
import { describeVersion } from './describe-version.ts';
import { sha256File } from './sha256-file.ts';

export interface CatalogOptions {
  /** The operator's models; undefined when there are none. */
  readonly repositoryDir: string | undefined;
  readonly dataDir: string;
  /** The name of a lone `model.onnx` in the repository. */
  readonly modelName: string | undefined;
}

/** Where a data directory keeps the models that requests brought. */
export function modelsDir(dataDir: string): string {
  return join(resolve(dataDir), 'models');
}

/**
 * The models of a repository and of a data directory. Every call reads the disk anew. A version that both have is the
 * repository's, and the other one is listed as a problem.
 */
export function createCatalog(options: CatalogOptions): Catalog {
  return new DirectoryCatalog(options);
}

class DirectoryCatalog implements Catalog {
  readonly #roots: readonly CatalogRoot[];
  readonly #modelName: string | undefined;

  constructor({ repositoryDir, dataDir, modelName }: CatalogOptions) {
    const data: CatalogRoot = { path: modelsDir(dataDir), origin: 'data' };
    // The order is the precedence.
    this.#roots = repositoryDir === undefined ? [data] : [{ path: resolve(repositoryDir), origin: 'repository' }, data];
    this.#modelName = modelName;
  }

  async list(): Promise<CatalogListing> {
    const { realRoots, problems } = await this.#resolveRoots();
    const found: Candidate[] = [];
    for (const root of this.#roots) {
      const candidates = await allCandidates(root, realRoots, this.#modelName);
      found.push(...candidates.found);
      problems.push(...candidates.problems);
    }
    const listing = await this.#describe(found, realRoots);
    return { versions: listing.versions, problems: withoutRepeats([...problems, ...listing.problems]) };
  }

  async find(modelId: ModelId): Promise<readonly CatalogVersion[]> {
    const { realRoots } = await this.#resolveRoots();
    return (await this.#describe(await this.#candidates(modelId, realRoots), realRoots)).versions;
  }

  async takenNames(modelId: ModelId): Promise<ReadonlySet<string>> {
    const { realRoots } = await this.#resolveRoots();
    const names = new Set((await this.#candidates(modelId, realRoots)).map((candidate) => candidate.version));
    for (const root of this.#roots) {
      // A model that is not there takes no names; one that can not be read is refused when it is written to.
      for (const name of await readdir(join(root.path, modelId)).catch(() => [])) names.add(name);
    }
    return names;
  }

  sha256(version: CatalogVersion, signal: AbortSignal): Promise<string> {
    return sha256File(version.modelPath, signal);
  }

  async #candidates(modelId: ModelId, realRoots: readonly string[]): Promise<readonly Candidate[]> {
    const found: Candidate[] = [];
    for (const root of this.#roots) found.push(...(await candidatesOf(root, realRoots, this.#modelName, modelId)));
    return found;
  }

  async #resolveRoots(): Promise<{ realRoots: readonly string[]; problems: CatalogProblem[] }> {
    const realRoots: string[] = [];
    const problems: CatalogProblem[] = [];
    for (const root of this.#roots) {
      try {
        realRoots.push(await realpath(root.path));
      } catch (error) {
        // The data directory gets its models folder with the first download.
        if (root.origin === 'repository') problems.push({ path: root.path, reason: reasonOf(error) });
      }
    }
    return { realRoots, problems };
  }

  /** Oldest version first within a model. */
  async #describe(candidates: readonly Candidate[], realRoots: readonly string[]): Promise<CatalogListing> {
    const versions = new Map<string, CatalogVersion>();
    const problems: CatalogProblem[] = [];
    for (const candidate of candidates) {
      const modelDirs = this.#roots.map((root) => join(root.path, candidate.modelId));
      const described = await describeVersion(candidate, modelDirs, realRoots);
      if (!described.ok) {
        problems.push(described.problem);
        continue;
      }
      const key = `${candidate.modelId}@${candidate.version}`;
      const first = versions.get(key);
      if (first === undefined) versions.set(key, described.version);
      else
        problems.push({
          path: candidate.modelPath,
          reason: `${key} is ${first.modelPath} already: this one is ignored`,
        });
    }
    const sorted = [...versions.values()].sort(
      (a, b) => compareText(a.modelId, b.modelId) || compareVersions(a.version, b.version),
    );
    return { versions: sorted, problems };
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A model's bad manifest is met once per version; it is one problem. */
function withoutRepeats(problems: readonly CatalogProblem[]): readonly CatalogProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.path}\n${problem.reason}`, problem])).values()];
}

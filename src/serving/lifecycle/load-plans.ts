import { AppError } from '../../core/errors.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { CatalogVersion } from '../ports/catalog.ts';
import type { LoadRequest } from '../service.ts';
import type { DesiredState } from './desired-state.ts';
import { refuseOtherFile } from './load-agreement.ts';
import { originOf } from './load-target.ts';
import type { LoadPlan } from './loader.ts';
import type { Repository } from './repository.ts';

/** Where the files of a requested version come from. What is on disk is never overwritten, nor taken for another file. */
export class LoadPlans {
  readonly #repository: Repository;
  readonly #desired: DesiredState;

  constructor(repository: Repository, desired: DesiredState) {
    this.#repository = repository;
    this.#desired = desired;
  }

  /** @throws AppError `model_not_found`, `version_not_found`, `conflict` where the name is taken by something else */
  async choose(request: LoadRequest, version: VersionName, signal: AbortSignal): Promise<LoadPlan> {
    const { modelId, source } = request;
    if (source === undefined) return { kind: 'catalog', files: await this.#repository.require(modelId, version) };
    // Read in this order, what is brought meanwhile is found among the versions.
    const taken = await this.#repository.takenNames(modelId);
    const files = (await this.#repository.onDisk(modelId)).find((each) => each.version === version);
    if (files !== undefined) {
      await this.#refuseOtherOrigin(request, files, source, signal);
      return { kind: 'catalog', files };
    }
    if (taken.has(version)) throw unlisted(request, version);
    return sourcePlan(request, source);
  }

  /** The version was put there by an earlier request for the same source, and is still what this one expects. */
  async #refuseOtherOrigin(request: LoadRequest, files: CatalogVersion, source: string, signal: AbortSignal) {
    const { modelId, version } = files;
    if (originOf(files, this.#desired.get(modelId, version)) !== source) {
      throw new AppError(
        'conflict',
        `${modelId} version ${version} is here already, from another place than this source.`,
        {
          next: 'Name another version, or "latest" for the next number; or load this version without a source.',
        },
      );
    }
    if (request.sha256 === undefined) return;
    refuseOtherFile(`${modelId}@${version}`, request.sha256, await this.#repository.sha256(files, signal));
  }
}

/** What is not listed may be somebody's model all the same: with a mistake in its manifest, say. */
function unlisted({ modelId }: LoadRequest, version: VersionName): AppError {
  return new AppError(
    'conflict',
    `There is something called ${version} among the files of ${modelId}, and it is not listed as a version.`,
    { next: 'Name another version, or "latest" for the next number; or have an operator see to it.' },
  );
}

export function sourcePlan(request: LoadRequest, source: string): LoadPlan {
  return { kind: 'source', source, sha256: request.sha256 };
}

import { AppError } from '../../core/errors.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Counters } from '../overview/counters.ts';
import type { LoadRequest } from '../service.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { DesiredState } from './desired-state.ts';
import { differingOptions } from './load-options.ts';
import type { LoadPlan } from './loader.ts';
import type { Loads, LoadTarget } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import type { Resident } from './resident.ts';
import { type Flight, SingleFlight } from './single-flight.ts';

interface LoadRequestParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly loads: Loads;
  readonly counters: Counters;
}

interface Outcome {
  readonly resident: Resident;
  readonly cacheHit: boolean;
}

type Start =
  | { readonly kind: 'hit'; readonly resident: Resident }
  | { readonly kind: 'flight'; readonly flight: Flight<Resident>; readonly version: VersionName };

/** `/load` as a person or a tool asks for it. */
export class LoadRequests {
  readonly #parts: LoadRequestParts;
  /** Begins of loads of a source as `latest`: the same one asked for twice at once is one new version. */
  readonly #numbering = new SingleFlight<Start>();

  constructor(parts: LoadRequestParts) {
    this.#parts = parts;
  }

  /**
   * The version that was loaded, or found resident. With `wait` false it may still be loading.
   * @throws AppError `model_not_found`, `version_not_found`, `conflict`, and what a load fails with
   */
  async handle(request: LoadRequest, signal: AbortSignal): Promise<Outcome> {
    const started = await this.#start(request, signal);
    if (started.kind === 'hit') return { resident: await this.#hit(started.resident, request), cacheHit: true };
    if (request.wait) return { resident: await waitUnlessAborted(started.flight.done, signal), cacheHit: false };
    const resident = this.#parts.residency.find(request.modelId, started.version);
    // A load that ended within its first turn has nothing left to show but its outcome.
    return { resident: resident ?? (await started.flight.done), cacheHit: false };
  }

  #start(request: LoadRequest, signal: AbortSignal): Promise<Start> {
    if (request.version !== 'latest') return this.#startVersion(request, request.version, signal);
    if (request.source === undefined) return this.#startLatest(request, signal);
    const numbered = async (): Promise<Start> => {
      const onDisk = await this.#parts.repository.onDisk(request.modelId);
      const version = this.#parts.repository.nextVersion(request.modelId, onDisk);
      return this.#begin(request, version, sourcePlan(request, request.source ?? ''));
    };
    const key = JSON.stringify([request.modelId, request.source, request.sha256]);
    const join = this.#sameSourceUnderWay(request);
    return join === undefined ? this.#numbering.run(key, numbered).done : Promise.resolve(join);
  }

  /** A load of the same source that is under way is the same new version. */
  #sameSourceUnderWay(request: LoadRequest): Start | undefined {
    for (const resident of this.#parts.residency.ofModel(request.modelId)) {
      if (resident.state !== 'loading' || resident.settings.source !== request.source) continue;
      const flight = this.#parts.loads.underWay(resident.modelId, resident.version);
      if (flight !== undefined) return { kind: 'flight', flight, version: resident.version };
    }
    return undefined;
  }

  async #startLatest(request: LoadRequest, signal: AbortSignal): Promise<Start> {
    const files = await this.#parts.repository.require(request.modelId, 'latest');
    return this.#startVersion(request, files.version, signal);
  }

  async #startVersion(request: LoadRequest, version: VersionName, signal: AbortSignal): Promise<Start> {
    const leaving = this.#parts.residency.find(request.modelId, version);
    if (leaving?.state === 'draining') await waitUnlessAborted(leaving.retired, signal);
    const resident = this.#parts.residency.find(request.modelId, version);
    if (resident?.state === 'ready' && !request.forceReload) {
      refuseDifferences(resident, request);
      return { kind: 'hit', resident };
    }
    return this.#begin(request, version, await this.#plan(request, version));
  }

  #begin(request: LoadRequest, version: VersionName, plan: LoadPlan): Start {
    const { loads, residency } = this.#parts;
    const previous = residency.find(request.modelId, version);
    // While the files were looked for, somebody else's load may have ended, or an unload begun.
    if (previous?.state === 'ready' && !request.forceReload) return { kind: 'hit', resident: previous };
    if (previous?.state === 'draining') throw unloading(previous);
    return { kind: 'flight', flight: loads.begin(loadTarget(request, version, plan, previous)), version };
  }

  /** Where the files of a named version come from. What is on disk is never overwritten. */
  async #plan(request: LoadRequest, version: VersionName): Promise<LoadPlan> {
    const { repository, desired } = this.#parts;
    const { modelId, source } = request;
    if (source === undefined) return { kind: 'catalog', files: await repository.require(modelId, version) };
    const files = (await repository.onDisk(modelId)).find((each) => each.version === version);
    if (files === undefined) return sourcePlan(request, source);
    if (desired.get(modelId, version)?.source === source) return { kind: 'catalog', files };
    throw new AppError(
      'conflict',
      `${modelId} version ${version} is here already, from another place than this source.`,
      {
        next: 'Name another version, or "latest" for the next number; or load this version without a source.',
      },
    );
  }

  async #hit(resident: Resident, request: LoadRequest): Promise<Resident> {
    const { counters, loads } = this.#parts;
    counters.cacheHits += 1;
    const repinned = request.pinned !== undefined && request.pinned !== resident.pinned;
    if (repinned) resident.pinned = request.pinned;
    const serves = loads.serveIfNobodyDoes(resident);
    if (repinned || serves) await loads.record(resident);
    return resident;
  }
}

function loadTarget(
  request: LoadRequest,
  version: VersionName,
  plan: LoadPlan,
  previous: Resident | undefined,
): LoadTarget {
  return {
    modelId: request.modelId,
    version,
    plan,
    settings: {
      source: request.source ?? previous?.settings.source,
      // A reload that names no options is not meant to lose those that were given before.
      options: Object.keys(request.options).length > 0 ? request.options : (previous?.settings.options ?? {}),
    },
    pinned: request.pinned ?? previous?.pinned ?? false,
    mayServe: true,
    background: !request.wait,
  };
}

function sourcePlan(request: LoadRequest, source: string): LoadPlan {
  return { kind: 'source', source, sha256: request.sha256 };
}

/** @throws AppError `conflict` where a resident version is not what was asked for */
function refuseDifferences(resident: Resident, request: LoadRequest): void {
  const { loaded } = resident;
  const differing = loaded === undefined ? [] : differingOptions(loaded.options, request.options);
  if (differing.length > 0) {
    throw new AppError('conflict', `${resident.label} is loaded with other options (${differing.join(', ')}).`, {
      next: 'Set force_reload to load it anew with these options; it goes on serving meanwhile.',
    });
  }
  if (request.source !== undefined && request.source !== resident.settings.source) {
    throw new AppError('conflict', `${resident.label} is loaded from another place than this source.`, {
      next: 'Name another version, or "latest" for the next number.',
    });
  }
}

function unloading(resident: Resident): AppError {
  return new AppError('conflict', `${resident.label} is being unloaded.`, { next: 'Load it when that is done.' });
}

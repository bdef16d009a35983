import { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import type { Counters } from '../overview/counters.ts';
import type { LoadRequest } from '../service.ts';
import { waitUnlessAborted } from '../waiting.ts';
import type { DesiredState } from './desired-state.ts';
import { refuseDifferences, refuseOtherWishes } from './load-agreement.ts';
import { LoadPlans, sourcePlan } from './load-plans.ts';
import { requestedTarget } from './load-target.ts';
import type { LoadPlan } from './loader.ts';
import type { Loads } from './loads.ts';
import type { Repository } from './repository.ts';
import type { Residency } from './residency.ts';
import { notReady, type Resident } from './resident.ts';
import { type Flight, SingleFlight } from './single-flight.ts';
import type { Succession } from './succession.ts';

interface LoadRequestParts {
  readonly repository: Repository;
  readonly residency: Residency;
  readonly desired: DesiredState;
  readonly succession: Succession;
  readonly loads: Loads;
  readonly counters: Counters;
}

interface Outcome {
  readonly resident: Resident;
  readonly cacheHit: boolean;
}

/** What a request found: a version that is ready, or a load, its own or one that somebody else began. */
type Start =
  | { readonly kind: 'hit'; readonly resident: Resident }
  | { readonly kind: 'begun' | 'joined'; readonly flight: Flight<Resident>; readonly version: VersionName };

type UnderWay = Exclude<Start, { kind: 'hit' }>;

/** `/load` as a person or a tool asks for it. */
export class LoadRequests {
  readonly #parts: LoadRequestParts;
  readonly #plans: LoadPlans;
  /** Begins of loads of a source as `latest`: the same one asked for twice at once is one new version. */
  readonly #numbering = new SingleFlight<UnderWay>();

  constructor(parts: LoadRequestParts) {
    this.#parts = parts;
    this.#plans = new LoadPlans(parts.repository, parts.desired);
  }

  /**
   * The version that was loaded, or found resident. With `wait` false it may still be loading.
   * @throws AppError `model_not_found`, `version_not_found`, `conflict`, and what a load fails with
   */
  async handle(request: LoadRequest, signal: AbortSignal): Promise<Outcome> {
    const started = await this.#start(request, signal);
    if (started.kind === 'hit') {
      await this.#agree(started.resident, request, signal);
      this.#parts.counters.cacheHits += 1;
      return { resident: started.resident, cacheHit: true };
    }
    const resident = request.wait
      ? await this.#outcome(started, request, signal)
      : await this.#instance(started, request);
    return { resident, cacheHit: false };
  }

  async #outcome(started: UnderWay, request: LoadRequest, signal: AbortSignal): Promise<Resident> {
    const { flight, version, kind } = started;
    const found = this.#parts.residency.find(request.modelId, version);
    // Until what was wished for is agreed on, it must not be evicted again.
    using _claim = (found?.successor ?? found)?.claim();
    const resident = await waitUnlessAborted(flight.done, signal);
    // Who began the load had wishes of their own.
    if (kind === 'joined') await this.#agree(resident, request, signal);
    return resident;
  }

  /** The instance that is being loaded. Nobody waits for it, so what can be refused is refused now. */
  async #instance(started: UnderWay, request: LoadRequest): Promise<Resident> {
    const { flight, version, kind } = started;
    const resident = this.#parts.residency.find(request.modelId, version);
    // A load that ended within its first turn has nothing left to show but its outcome.
    if (resident === undefined) return flight.done;
    if (kind === 'joined') {
      refuseOtherWishes(resident.successor ?? resident, request);
      flight.done.then((loaded) => this.#adopt(loaded, request)).catch(() => undefined);
    }
    return resident;
  }

  async #agree(resident: Resident, request: LoadRequest, signal: AbortSignal): Promise<void> {
    await refuseDifferences(resident, request, this.#parts.repository, signal);
    await this.#adopt(resident, request);
  }

  /** What a request changes of a version that is loaded already. */
  async #adopt(resident: Resident, request: LoadRequest): Promise<void> {
    const { loads, succession } = this.#parts;
    // While it was waited for or compared, it may have been unloaded or replaced.
    if (resident.state !== 'ready') throw notReady(resident);
    const repinned = request.pinned !== undefined && request.pinned !== resident.pinned;
    if (repinned) loads.pin(resident, request.pinned);
    const serves = succession.offer(resident);
    if (repinned || serves) await loads.record(resident);
  }

  #start(request: LoadRequest, signal: AbortSignal): Promise<Start> {
    if (request.version !== 'latest') return this.#startVersion(request, request.version, signal);
    if (request.source === undefined) return this.#startLatest(request, signal);
    return this.#startNumbered(request, request.source);
  }

  async #startLatest(request: LoadRequest, signal: AbortSignal): Promise<Start> {
    const files = await this.#parts.repository.require(request.modelId, 'latest');
    return this.#startVersion(request, files.version, signal);
  }

  /** A load of the same source that is under way is the same new version, unless a fresh one is insisted on. */
  async #startNumbered(request: LoadRequest, source: string): Promise<Start> {
    const { repository, loads } = this.#parts;
    const begin = async (): Promise<UnderWay> => {
      const taken = await repository.takenNames(request.modelId);
      const version = repository.nextVersion(request.modelId, taken);
      const target = requestedTarget(request, version, sourcePlan(request, source), {});
      return { kind: 'begun', flight: loads.begin(target), version };
    };
    if (request.forceReload) return begin();
    const key = JSON.stringify([request.modelId, source, request.sha256]);
    const others = this.#sameSourceUnderWay(request) ?? this.#numbering.get(key)?.done;
    if (others !== undefined) return { ...(await others), kind: 'joined' };
    return this.#numbering.run(key, begin).done;
  }

  #sameSourceUnderWay(request: LoadRequest): UnderWay | undefined {
    for (const { modelId, version, state, settings } of this.#parts.residency.ofModel(request.modelId)) {
      const isSame = settings.source === request.source && settings.sha256 === request.sha256;
      const flight = this.#parts.loads.underWay(modelId, version);
      if (state === 'loading' && isSame && flight !== undefined) return { kind: 'joined', flight, version };
    }
    return undefined;
  }

  async #startVersion(request: LoadRequest, version: VersionName, signal: AbortSignal): Promise<Start> {
    const { loads, residency } = this.#parts;
    const { modelId } = request;
    await this.#untilGone(modelId, version, signal);
    // What began before this request may not have seen what it is to load.
    const earlier = request.forceReload ? loads.underWay(modelId, version)?.done : undefined;
    if (earlier !== undefined) await waitUnlessAborted(Promise.allSettled([earlier]), signal);
    const resident = residency.find(modelId, version);
    if (resident?.state === 'ready' && !request.forceReload) return { kind: 'hit', resident };
    return this.#begin(request, version, await this.#plans.choose(request, version, signal));
  }

  /** One that is on its way out is waited for, and what it was evicted for as well. */
  async #untilGone(modelId: ModelId, version: VersionName, signal: AbortSignal): Promise<void> {
    for (;;) {
      const resident = this.#parts.residency.find(modelId, version);
      if (resident?.state !== 'draining') return;
      await waitUnlessAborted(resident.retired, signal);
    }
  }

  #begin(request: LoadRequest, version: VersionName, plan: LoadPlan): Start {
    const { loads, residency, desired } = this.#parts;
    const { modelId } = request;
    const resident = residency.find(modelId, version);
    // While the files were looked for, somebody else's load may have begun or ended, or an unload begun.
    if (resident?.state === 'ready' && !request.forceReload) return { kind: 'hit', resident };
    if (resident?.state === 'draining') throw leaving(resident);
    const flight = loads.underWay(modelId, version);
    if (flight !== undefined) {
      if (resident !== undefined) resident.mayEvict = true;
      return { kind: 'joined', flight, version };
    }
    const last = { resident, known: desired.get(modelId, version) };
    return { kind: 'begun', flight: loads.begin(requestedTarget(request, version, plan, last)), version };
  }
}

function leaving(resident: Resident): AppError {
  return new AppError('conflict', `${resident.label} is being unloaded.`, { next: 'Load it when that is done.' });
}

import { AppError, type ErrorCode } from '../core/errors.ts';
import type { ModelId } from '../core/model/model-id.ts';
import { DEFAULT_OPTIONS } from '../core/model/options.ts';
import type { VersionName } from '../core/model/version.ts';
import type { ServingDependencies } from './dependencies.ts';
import { HealthChecker } from './health/health-checker.ts';
import { HealthChecks } from './health/health-checks.ts';
import { Readiness } from './health/readiness.ts';
import { BringUp } from './lifecycle/bring-up.ts';
import { DesiredState } from './lifecycle/desired-state.ts';
import { LoadRequests } from './lifecycle/load-requests.ts';
import { Loader } from './lifecycle/loader.ts';
import { Loads } from './lifecycle/loads.ts';
import { OnDemand } from './lifecycle/on-demand.ts';
import { Repository } from './lifecycle/repository.ts';
import { Residency } from './lifecycle/residency.ts';
import { type Preload, Restoration } from './lifecycle/restoration.ts';
import { Retirement } from './lifecycle/retirement.ts';
import { Succession } from './lifecycle/succession.ts';
import { Unloads } from './lifecycle/unloads.ts';
import { type DryRunRequest, DryRuns, type DryRunView } from './memory/dry-runs.ts';
import { ModelMemory } from './memory/model-memory.ts';

import { Counters } from './overview/counters.ts';
import { Inspections } from './overview/inspections.ts';
import { Overview } from './overview/overview.ts';
import { Status } from './overview/status.ts';
import { residentView } from './overview/version-view.ts';
import type { HealthView, MemoryView, ModelView, PerformanceView, StatusView, VersionView } from './overview/views.ts';
import type { PayloadWriter } from './ports/payload.ts';
import { openRollouts } from './rollouts/open-rollouts.ts';
import type { Rollouts } from './rollouts/rollouts.ts';
import { Inference } from './running/inference.ts';
import { ThreadShares } from './running/thread-shares.ts';
import { VersionRuns } from './running/version-runs.ts';
import type { InferReply, InferRequest, LoadRequest, LoadResult, ModelServing, UnloadResult } from './service.ts';
import { Turns } from './turns.ts';

/** Puts the use cases together. Each of them has a file of its own; nothing is decided here. */
export class ModelServingManager implements ModelServing, AsyncDisposable {
  readonly #dependencies: ServingDependencies;
  readonly #residency = new Residency();
  readonly #counters = new Counters();
  readonly #desired: DesiredState;
  readonly #retirement: Retirement;
  readonly #loads: Loads;
  readonly #restoration: Restoration;
  readonly #readiness: Readiness;
  readonly #loadRequests: LoadRequests;
  readonly #unloads: Unloads;
  readonly #onDemand: OnDemand;
  readonly #inference: Inference;
  readonly #healthChecks: HealthChecks;
  readonly #inspections: Inspections;
  readonly #overview: Overview;
  readonly #status: Status;
  readonly #memory: ModelMemory;
  readonly #dryRuns: DryRuns;
  readonly rollouts: Rollouts;
  #restored: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;

  constructor(dependencies: ServingDependencies) {
    this.#dependencies = dependencies;
    const { catalog, clock, logger, store, limits, required } = dependencies;
    const [residency, counters] = [this.#residency, this.#counters];
    const isDraining = () => this.#readiness.isDraining;
    const repository = new Repository(catalog, residency);
    const checker = new HealthChecker(dependencies);
    const desired = new DesiredState(store, logger);
    const retirement = new Retirement(dependencies, residency);
    const memory = new ModelMemory(dependencies, residency, retirement, counters);
    const turns = new Turns(dependencies.parallelLoads);
    const threads = new ThreadShares(dependencies.processors);
    const bringUp = new BringUp({ dependencies, health: checker, memory, turns, threads, counters, desired });
    const loader = new Loader(dependencies, bringUp);
    const succession = new Succession(residency, desired);
    const loads = new Loads({ loader, residency, retirement, desired, succession, memory, counters, logger });
    const parts = { repository, residency, desired, succession, loads, retirement, counters, logger };
    const isEnabled = () => dependencies.loadOnDemand && !isDraining();
    const defaultTimeoutMs = limits.defaultTimeoutMs ?? DEFAULT_OPTIONS.defaultTimeoutMs;
    this.#desired = desired;
    this.#retirement = retirement;
    this.#loads = loads;
    this.#restoration = new Restoration({ ...parts, required, isEnding: isDraining });
    this.#readiness = new Readiness(residency, this.#restoration, required);
    this.#loadRequests = new LoadRequests(parts);
    this.#unloads = new Unloads(parts);
    this.#onDemand = new OnDemand({ ...parts, isEnabled });
    this.#healthChecks = new HealthChecks(checker, repository, residency);
    this.#inspections = new Inspections(dependencies.engine, clock);
    const inspections = this.#inspections;
    this.#dryRuns = new DryRuns({ dependencies, repository, residency, desired, inspections, memory });
    const runs = new VersionRuns({ memory, clock });
    const dryRuns = this.#dryRuns;
    this.rollouts = openRollouts({ ...parts, dependencies, memory, runs, health: checker, dryRuns, isDraining });
    const updates = this.rollouts;
    this.#inference = new Inference({
      residency,
      onDemand: this.#onDemand,
      runs,
      updates,
      clock,
      counters,
      defaultTimeoutMs,
    });
    this.#overview = new Overview({ dependencies, repository, residency, inspections, updates });
    this.#status = new Status({
      dependencies,
      overview: this.#overview,
      residency,
      counters,
      memory,
      phase: () => this.#readiness.phase,
    });
    this.#memory = memory;
  }

  /**
   * Restores the desired state and loads what the command line names, in the background.
   * Resolves once it is known what is to be loaded; `restored` tells when all of it has ended.
   */
  async start(preload: readonly Preload[] = []): Promise<void> {
    await this.#desired.read();
    await this.#memory.begin();
    // Before anything is loaded: what an update has decided is what serves.
    await this.rollouts.resume();
    this.#restored = this.#restoration.run(preload);
    this.#readiness.started();
  }

  /** Resolves when every load that the start began has ended, well or not. */
  get restored(): Promise<void> {
    return this.#restored;
  }

  openPayload(expectedBytes: number | undefined): PayloadWriter {
    return this.#dependencies.payloads.open(expectedBytes);
  }

  infer(request: InferRequest): Promise<InferReply> {
    return this.#inference.infer(request);
  }

  inferRefused(code: ErrorCode): void {
    this.#inference.refused(code);
  }

  async load(request: LoadRequest, signal: AbortSignal): Promise<LoadResult> {
    this.#refuseWhenDraining();
    const { modelId, version, forceReload } = request;
    if (forceReload) this.rollouts.refuseIfUpdating(modelId, version === 'latest' ? undefined : version);
    const { resident, cacheHit } = await this.#loadRequests.handle(request, signal);
    return { version: residentView(resident, this.#residency, this.rollouts), cacheHit };
  }

  dryRun(request: DryRunRequest): Promise<DryRunView> {
    return this.#dryRuns.handle(request);
  }

  async unload(modelId: ModelId, version: VersionName | undefined, signal: AbortSignal): Promise<UnloadResult> {
    this.#refuseWhenDraining();
    this.rollouts.refuseIfUpdating(modelId, version);
    return this.#unloads.handle(modelId, version, signal);
  }

  listModels(): Promise<readonly ModelView[]> {
    return this.#overview.listModels();
  }

  describeModel(modelId: ModelId): Promise<ModelView> {
    return this.#overview.describeModel(modelId);
  }

  describeVersion(modelId: ModelId, version: VersionName | undefined): Promise<VersionView> {
    return this.#overview.describeVersion(modelId, version);
  }

  health(modelId: ModelId): Promise<VersionView> {
    return this.#overview.health(modelId);
  }

  checkHealth(
    modelId: ModelId,
    signal: AbortSignal,
  ): Promise<readonly { readonly version: string; readonly health: HealthView }[]> {
    return this.#healthChecks.checkModel(modelId, signal);
  }

  canAnswer(modelId: ModelId, version: VersionName | undefined): Promise<boolean> {
    return this.#onDemand.canAnswer(modelId, version);
  }

  status(): Promise<StatusView> {
    return this.#status.snapshot();
  }

  performance(): PerformanceView {
    return this.#status.performance();
  }

  memory(): MemoryView {
    return this.#status.memory();
  }

  residentVersions(): readonly VersionView[] {
    return this.#overview.residentVersions();
  }

  notReadyReason(): string | undefined {
    return this.#readiness.notReadyReason();
  }

  beginDrain(): void {
    this.#readiness.beginDrain();
  }

  /** Whether `beginDrain` has been called. */
  get isDraining(): boolean {
    return this.#readiness.isDraining;
  }

  /** Ends every load and every runner; requests in flight are waited for up to the drain limit. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.beginDrain();
    this.#memory[Symbol.dispose]();
    const reading = this.#inspections[Symbol.asyncDispose]();
    await this.rollouts.close();
    await this.#loads.close(new AppError('draining', 'The server is shutting down.'));
    await reading;
    await this.#restored;
    await Promise.all(this.#residency.all().map((resident) => this.#retirement.retire(resident)));
    await this.#retirement.settled();
  }

  #refuseWhenDraining(): void {
    if (!this.#readiness.isDraining) return;
    throw new AppError('draining', 'The server is shutting down.', { next: 'Ask another instance.' });
  }
}

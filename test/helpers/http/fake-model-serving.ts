import { AppError, type ErrorCode } from '../../../src/core/errors.ts';
import { estimateFromDescription } from '../../../src/core/memory/estimate.ts';
import type { ModelId } from '../../../src/core/model/model-id.ts';
import type { VersionName } from '../../../src/core/model/version.ts';
import type { DryRunRequest, DryRunView } from '../../../src/serving/memory/dry-runs.ts';
import { Counters } from '../../../src/serving/overview/counters.ts';
import type {
  HealthView,
  MemoryView,
  ModelView,
  PerformanceView,
  StatusView,
  VersionView,
} from '../../../src/serving/overview/views.ts';
import type { PayloadWriter } from '../../../src/serving/ports/payload.ts';
import type {
  InferReply,
  InferRequest,
  LoadRequest,
  LoadResult,
  ModelServing,
  UnloadResult,
} from '../../../src/serving/service.ts';
import { HeapPayload, HeapPayloadStore } from './heap-payload-store.ts';
import { ALLOCATION, versionView } from './views.ts';

interface SeenInference extends Omit<InferRequest, 'payload'> {
  readonly body: Buffer;
}

/** Knows the versions it is given, answers an inference with its own body, and fails when it is told to. */
export class FakeModelServing implements ModelServing {
  readonly payloads: HeapPayloadStore;
  readonly versions: VersionView[];
  readonly inferences: SeenInference[] = [];
  /** Why inferences were refused before they came here. */
  readonly refusals: ErrorCode[] = [];
  readonly loads: LoadRequest[] = [];
  readonly dryRuns: DryRunRequest[] = [];
  readonly unloads: { readonly modelId: string; readonly version: string | undefined }[] = [];
  /** Every call rejects with this while it is set. */
  failure: unknown;
  notReady: string | undefined;
  cacheHit = false;
  onInfer: (request: SeenInference) => Promise<Partial<InferReply>> = () => Promise.resolve({});
  onLoad: (request: LoadRequest, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  canAnswer?: (modelId: ModelId, version: VersionName | undefined) => Promise<boolean>;
  #isDraining = false;

  constructor(versions: readonly VersionView[] = [versionView()], payloads = new HeapPayloadStore()) {
    this.versions = [...versions];
    this.payloads = payloads;
  }

  openPayload(expectedBytes: number | undefined): PayloadWriter {
    return this.payloads.open(expectedBytes);
  }

  async infer({ payload, ...request }: InferRequest): Promise<InferReply> {
    if (!(payload instanceof HeapPayload)) throw new Error('not a payload of this store');
    const seen = { ...request, body: payload.body };
    this.inferences.push(seen);
    this.#failIfTold();
    const view = await this.describeVersion(request.modelId, request.version);
    return {
      body: payload.body,
      headerLength: undefined,
      contentEncoding: undefined,
      timings: { decodeMs: 0.25, queueMs: 0.5, computeMs: 2, encodeMs: 0.125 },
      batchSize: 1,
      modelId: view.modelId,
      version: view.version,
      ...(await this.onInfer(seen)),
    };
  }

  inferRefused(code: ErrorCode): void {
    this.refusals.push(code);
  }

  async load(request: LoadRequest, signal: AbortSignal): Promise<LoadResult> {
    this.loads.push(request);
    this.#failIfTold();
    await this.onLoad(request, signal);
    const version = request.version === 'latest' ? undefined : request.version;
    return { version: await this.describeVersion(request.modelId, version), cacheHit: this.cacheHit };
  }

  async dryRun(request: DryRunRequest): Promise<DryRunView> {
    this.dryRuns.push(request);
    this.#failIfTold();
    const { description, modelId } = request;
    const view = description === undefined ? await this.describeVersion(modelId, undefined) : undefined;
    const allocation =
      description === undefined ? ALLOCATION : estimateFromDescription(description, { runnerBaseBytes: 60_000_000 });
    return {
      modelId,
      version: view?.version,
      isResident: false,
      allocation,
      neededBytes: allocation.totalBytes,
      basis: 'estimated',
      isAdmitted: true,
      wouldEvict: ['old@1'],
      budgetBytes: 5_600_000_000,
      freeBytes: 1000,
      couldBeFreedBytes: 5_000_000_000,
      holders: [],
    };
  }

  async unload(modelId: ModelId, version: VersionName | undefined): Promise<UnloadResult> {
    this.#failIfTold();
    this.unloads.push({ modelId, version });
    const all = this.#ofModel(modelId).map((view) => view.version);
    return { modelId, unloaded: version === undefined ? all : [version] };
  }

  async listModels(): Promise<readonly ModelView[]> {
    this.#failIfTold();
    return [...new Set(this.versions.map((view) => view.modelId))].map((modelId) => this.#model(modelId));
  }

  async describeModel(modelId: ModelId): Promise<ModelView> {
    this.#failIfTold();
    return this.#model(modelId);
  }

  async describeVersion(modelId: ModelId, version: VersionName | undefined): Promise<VersionView> {
    this.#failIfTold();
    const views = this.#ofModel(modelId);
    const view =
      version === undefined
        ? (views.find((each) => each.serving) ?? views.at(-1))
        : views.find((each) => each.version === version);
    if (view !== undefined) return view;
    throw new AppError('version_not_found', `Model "${modelId}" has no version "${version}".`);
  }

  health(modelId: ModelId): Promise<VersionView> {
    return this.describeVersion(modelId, undefined);
  }

  async checkHealth(modelId: ModelId): Promise<readonly { readonly version: string; readonly health: HealthView }[]> {
    this.#failIfTold();
    return this.#ofModel(modelId).map(({ version, health }) => ({ version, health }));
  }

  async status(): Promise<StatusView> {
    this.#failIfTold();
    return {
      service: { name: 'echoserve', version: '0.0.0', startedAt: 1_700_000_000_000, uptimeMs: 1234 },
      engine: { name: 'fake', version: '1' },
      phase: this.#isDraining ? 'draining' : 'running',
      overview: {
        knownModels: 1,
        residentModels: 1,
        residentVersions: 1,
        readyVersions: 1,
        failedVersions: 0,
        loadingVersions: 0,
      },
      performance: this.performance(),
      memory: this.memory(),
      processors: { count: 2, from: 'cgroup', intraOpThreads: undefined },
      runners: [{ modelId: 'iris', version: '1', pid: 4242, intraOpThreads: 1, threadsFrom: 'model' }],
      traffic: [{ modelId: 'iris', version: '1', weight: 1, inFlight: 0 }],
      health: { healthy: 1, unhealthy: 0, unknown: 0 },
      repositoryProblems: [{ path: 'broken', reason: 'no model.onnx' }],
    };
  }

  performance(): PerformanceView {
    return {
      totalLoads: 3,
      successfulLoads: 2,
      failedLoads: 1,
      averageLoadTimeMs: 51.5,
      cacheHits: 1,
      cacheMisses: 3,
      cacheHitRate: 0.25,
      unloads: 1,
      evictions: { memory: 2, keep_alive: 1 },
      evictionAgeSumMs: 9000,
      lastEvictionAgeMs: 2500,
      footprintDrifts: 1,
      overBudget: 0,
      runnerRecycles: 1,
      runnerRestarts: 0,
      totalRequests: 7,
      failedRequests: 3,
      failuresByReason: { ...new Counters().failures, queue_full: 3 },
    };
  }

  memory(): MemoryView {
    return {
      budget: {
        budgetBytes: 5_600_000_000,
        usedBytes: 15_500_000,
        reservedBytes: 0,
        freeBytes: 5_584_500_000,
        overBudgetBytes: 0,
        arenaBytes: 500_000,
        loadsWaiting: 0,
      },
      runnersBytes: 15_000_000,
      sharedBytes: 0,
      frontBytes: 60_000_000,
      payloadBytes: this.payloads.usedBytes,
      payloadCapacityBytes: this.payloads.capacityBytes,
      machineBytes: 8_000_000_000,
    };
  }

  residentVersions(): readonly VersionView[] {
    return this.versions.filter((view) => view.state !== 'absent');
  }

  notReadyReason(): string | undefined {
    return this.#isDraining ? 'the server is draining' : this.notReady;
  }

  beginDrain(): void {
    this.#isDraining = true;
  }

  #model(modelId: string): ModelView {
    const versions = this.#ofModel(modelId);
    return {
      modelId,
      description: undefined,
      servingVersion: versions.find((view) => view.serving)?.version,
      previousVersion: undefined,
      latestVersion: versions.at(-1)?.version,
      versions,
    };
  }

  #ofModel(modelId: string): readonly VersionView[] {
    const views = this.versions.filter((view) => view.modelId === modelId);
    if (views.length > 0) return views;
    throw new AppError('model_not_found', `There is no model "${modelId}".`, { next: 'List the models.' });
  }

  #failIfTold(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

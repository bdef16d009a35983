import type { ErrorCode } from '../core/errors.ts';
import type { ModelId } from '../core/model/model-id.ts';
import type { VersionName, VersionSelector } from '../core/model/version.ts';
import type { DryRunRequest, DryRunView } from './memory/dry-runs.ts';
import type { HealthView, MemoryView, ModelView, PerformanceView, StatusView, VersionView } from './overview/views.ts';
import type { CancelSignal } from './ports/cancel-signal.ts';
import type { RunReply } from './ports/engine.ts';
import type { Payload, PayloadWriter } from './ports/payload.ts';

export interface LoadOptions {
  readonly maxBatchSize?: number;
  readonly maxQueueDelayUs?: number;
  readonly preferredBatchSizes?: readonly number[];
  readonly instances?: number;
  readonly intraOpThreads?: number;
  readonly defaultTimeoutMs?: number;
  readonly maxQueueLength?: number;
  readonly warmUpRuns?: number;
  readonly keepAliveMs?: number;
  readonly shareWeights?: boolean;
  readonly maxSequences?: number;
  readonly sequenceIdleMs?: number;
}

export interface LoadRequest {
  readonly modelId: ModelId;
  readonly version: VersionSelector;
  readonly source: string | undefined;
  readonly sha256: string | undefined;
  readonly options: LoadOptions;
  readonly pinned: boolean | undefined;
  readonly forceReload: boolean;
  /** False: answer as soon as the load has begun. */
  readonly wait: boolean;
}

export interface LoadResult {
  readonly version: VersionView;
  /** The version was resident already: nothing was loaded. */
  readonly cacheHit: boolean;
}

export interface UnloadResult {
  readonly modelId: string;
  readonly unloaded: readonly string[];
}

export interface InferRequest {
  readonly modelId: ModelId;
  /** Undefined: the version that serves, or during an update the one that is drawn. */
  readonly version: VersionName | undefined;
  /** Requests with the same key go to the same version, as far as that can be. */
  readonly routingKey?: string | undefined;
  /** Of the sequence that it is part of, where its headers tell; then it is the routing key, too. */
  readonly sequenceId?: string | undefined;
  readonly payload: Payload;
  readonly headerLength: number | undefined;
  readonly contentEncoding: 'gzip' | 'deflate' | undefined;
  readonly acceptEncoding: 'gzip' | 'deflate' | undefined;
  /** From a header. Undefined: the version's default deadline. */
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
  readonly signal: CancelSignal | undefined;
}

export interface InferReply extends RunReply {
  readonly modelId: string;
  readonly version: string;
  /** The version that failed before this one answered. */
  readonly fallbackFrom?: string;
}

/** Everything that the HTTP side calls. `ModelServingManager` is it; tests give a fake. */
export interface ModelServing {
  /** @throws AppError `body_too_large`, `overloaded` */
  openPayload(expectedBytes: number | undefined): PayloadWriter;
  /** The caller keeps its hold on the payload and disposes of it afterwards. */
  infer(request: InferRequest): Promise<InferReply>;
  /** Counts an inference that was refused before `infer`: by its headers, or because its body was not taken. */
  inferRefused(code: ErrorCode): void;
  load(request: LoadRequest, signal: AbortSignal): Promise<LoadResult>;
  /** What such a load would need and meet. Changes nothing. @throws AppError as `load` does before it begins */
  dryRun(request: DryRunRequest): Promise<DryRunView>;
  /** Drains, then unloads one version, or all of the model's. */
  unload(modelId: ModelId, version: VersionName | undefined, signal: AbortSignal): Promise<UnloadResult>;
  listModels(): Promise<readonly ModelView[]>;
  /** @throws AppError `model_not_found` */
  describeModel(modelId: ModelId): Promise<ModelView>;
  /** The named version, or the one that serves, or the latest. @throws AppError `model_not_found`, `version_not_found` */
  describeVersion(modelId: ModelId, version: VersionName | undefined): Promise<VersionView>;
  /** Health of the serving (or latest resident) version as last known. */
  health(modelId: ModelId): Promise<VersionView>;
  /** Runs every check now, on every resident version. */
  checkHealth(
    modelId: ModelId,
    signal: AbortSignal,
  ): Promise<readonly { readonly version: string; readonly health: HealthView }[]>;
  /**
   * Whether a request would be answered now, or after a load on demand. Absent: only what is ready counts.
   * @throws AppError `model_not_found`, `version_not_found`
   */
  canAnswer?(modelId: ModelId, version: VersionName | undefined): Promise<boolean>;
  status(): Promise<StatusView>;
  /** The counters of `status`, without touching the disk: for probes. */
  performance(): PerformanceView;
  /** The memory of `status`, without touching the disk: for probes. */
  memory(): MemoryView;
  /** Resident versions only, without touching the disk: for metrics and health routes. */
  residentVersions(): readonly VersionView[];
  /** Why the server is not ready to take traffic, or undefined when it is. */
  notReadyReason(): string | undefined;
  /** From now on: not ready, and management requests are refused. Requests in flight and inference go on. */
  beginDrain(): void;
}

import type { ErrorCode } from '../../core/errors.ts';
import type { Allocation } from '../../core/memory/estimate.ts';
import type { ThreadsFrom } from '../../core/model/intra-op-threads.ts';
import type { TensorSpec } from '../../core/model/signature.ts';
import type { StateTensor } from '../../core/model/state.ts';
import type { ProcessorSettings } from '../dependencies.ts';
import type { EvictionReason } from './eviction-counter.ts';

/** What the manager tells of itself and its models. Times are epoch milliseconds, durations milliseconds. */

export type VersionState = 'absent' | 'loading' | 'ready' | 'draining' | 'failed';

/** Where a load is. */
export interface LoadProgress {
  readonly phase: 'fetching' | 'waiting' | 'preparing' | 'starting' | 'warming_up' | 'restarting';
  readonly bytesDone: number | undefined;
  readonly bytesTotal: number | undefined;
}

export interface HealthCheck {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
  readonly durationMs: number;
}

export type HealthStatus = 'healthy' | 'unhealthy' | 'unknown';

export interface HealthView {
  readonly status: HealthStatus;
  readonly lastCheckAt: number | undefined;
  readonly checks: readonly HealthCheck[];
}

/** Quantiles are upper bounds from the histogram's buckets. */
export interface LatencySummary {
  readonly count: number;
  readonly sumMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Cumulative counts by upper bound; the last bound is Infinity. */
  readonly buckets: readonly { readonly leMs: number; readonly count: number }[];
}

export type LatencyStage = 'total' | 'queue' | 'decode' | 'compute' | 'encode';

export interface StatisticsView {
  /** Requests that were answered with success. */
  readonly succeeded: number;
  /** Requests that failed, by error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly inFlight: number;
  /** Runs of the model; several requests can share one. */
  readonly executions: number;
  /** How many runs had how many requests. */
  readonly batchSizes: Readonly<Record<number, number>>;
  readonly lastRequestAt: number | undefined;
  readonly latency: Readonly<Record<LatencyStage, LatencySummary>>;
  /** Times the version's runner was started again after it had ended unasked. */
  readonly restarts: number;
}

export interface RunnerView {
  readonly pid: number;
  readonly intraOpThreads: number;
}

/** What a model with states keeps of its sequences. */
export interface StateView {
  readonly tensors: readonly StateTensor[];
  readonly openSequences: number;
  readonly maxSequences: number;
  readonly sequenceIdleMs: number;
}

export interface VersionView {
  readonly modelId: string;
  readonly version: string;
  readonly state: VersionState;
  /** Why it is `failed`, else undefined. */
  readonly reason: string | undefined;
  readonly progress: LoadProgress | undefined;
  /** How the last of its runners that ended unasked did so. */
  readonly lastExit: string | undefined;
  readonly serving: boolean;
  /** Share of the model's unpinned traffic, 0 to 1. */
  readonly weight: number;
  readonly pinned: boolean;
  readonly source: string | undefined;
  readonly digest: string | undefined;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Undefined of a model without states, and while nothing of its file is known. */
  readonly stateful: StateView | undefined;
  readonly batchable: boolean;
  /** Why requests do not share a run, where their shapes would allow it. */
  readonly unbatchableReason: string | undefined;
  readonly maxBatchSize: number;
  readonly maxQueueDelayUs: number;
  readonly preferredBatchSizes: readonly number[];
  /** Processes that run it side by side. */
  readonly instances: number;
  /** Of each of its processes; of one of them, where they were started at different times and differ. */
  readonly intraOpThreads: number | undefined;
  /** Undefined of a version that is not loaded. */
  readonly threadsFrom: ThreadsFrom | undefined;
  /** Whether all processes that run its file share one copy of its weights. */
  readonly shareWeights: boolean;
  readonly parameterCount: number | undefined;
  readonly weightBytes: number | undefined;
  readonly rewrites: readonly string[];
  readonly producer: string | undefined;
  readonly opsets: Readonly<Record<string, number>>;
  /** What it was expected to need before it was loaded. */
  readonly allocation: Allocation | undefined;
  /** What is held for it: as expected, or as it was measured where that was more. */
  readonly reservedBytes: number | undefined;
  readonly measuredBytes: number | undefined;
  /** What sharing its weights with other processes saves, as last measured. */
  readonly sharedBytes: number | undefined;
  readonly peakBytes: number | undefined;
  /** The first of `runners`. */
  readonly runnerPid: number | undefined;
  /** Its processes that are there. */
  readonly runners: readonly RunnerView[];
  readonly health: HealthView;
  readonly statistics: StatisticsView;
  readonly loadedAt: number | undefined;
  readonly loadTimeMs: number | undefined;
}

export interface ModelView {
  readonly modelId: string;
  readonly description: string | undefined;
  /** The version that unpinned traffic goes to. */
  readonly servingVersion: string | undefined;
  /** The version that served before it, which it can be rolled back to. */
  readonly previousVersion: string | undefined;
  readonly latestVersion: string | undefined;
  /** Oldest first. Versions on disk that are not resident are `absent`. */
  readonly versions: readonly VersionView[];
}

export interface PerformanceView {
  readonly totalLoads: number;
  readonly successfulLoads: number;
  readonly failedLoads: number;
  readonly averageLoadTimeMs: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** 0 when there was neither hit nor miss. */
  readonly cacheHitRate: number;
  readonly unloads: number;
  readonly evictions: Readonly<Record<EvictionReason, number>>;
  /** For how long evicted versions had not been used. Sum over all evictions; the last one. */
  readonly evictionAgeSumMs: number;
  readonly lastEvictionAgeMs: number | undefined;
  /** Runners found above what was reserved for them by a third. */
  readonly footprintDrifts: number;
  /** Times that footprints had grown above the budget. */
  readonly overBudget: number;
  /** Idle runners that were replaced for that. */
  readonly runnerRecycles: number;
  readonly runnerRestarts: number;
  readonly totalRequests: number;
  readonly failedRequests: number;
  /** The failed ones by error code; every code is there. */
  readonly failuresByReason: Readonly<Record<ErrorCode, number>>;
}

/** The memory budget of loaded models, in bytes. */
export interface BudgetView {
  readonly budgetBytes: number;
  /** Sum of the measured footprints, and the arenas' pages. */
  readonly usedBytes: number;
  /** Held for loads that are under way. */
  readonly reservedBytes: number;
  readonly freeBytes: number;
  /** How far what is used and reserved is above the budget: footprints can grow after admission. */
  readonly overBudgetBytes: number;
  /** Pages of the arenas that requests and answers pass through; part of `usedBytes`. */
  readonly arenaBytes: number;
  /** Loads that wait for busy versions to become idle. */
  readonly loadsWaiting: number;
}

export interface MemoryView {
  readonly budget: BudgetView;
  /** Sum over all runners of what was last measured. */
  readonly runnersBytes: number;
  /** Sum over all runners of what sharing weights saves. */
  readonly sharedBytes: number;
  /** The front's own resident size. */
  readonly frontBytes: number;
  /** Request bodies in flight. */
  readonly payloadBytes: number;
  readonly payloadCapacityBytes: number;
  readonly machineBytes: number;
}

export interface StatusView {
  readonly service: {
    readonly name: string;
    readonly version: string;
    readonly startedAt: number;
    readonly uptimeMs: number;
  };
  readonly engine: { readonly name: string; readonly version: string };
  readonly phase: 'starting' | 'running' | 'draining';
  readonly overview: {
    readonly knownModels: number;
    readonly residentModels: number;
    readonly residentVersions: number;
    readonly readyVersions: number;
    readonly failedVersions: number;
    readonly loadingVersions: number;
  };
  readonly performance: PerformanceView;
  readonly memory: MemoryView;
  readonly processors: ProcessorSettings;
  /** Every process of every version. */
  readonly runners: readonly (RunnerView & {
    readonly modelId: string;
    readonly version: string;
    readonly threadsFrom: ThreadsFrom;
  })[];
  /** Who serves what. */
  readonly traffic: readonly {
    readonly modelId: string;
    readonly version: string;
    readonly weight: number;
    readonly inFlight: number;
  }[];
  readonly health: { readonly healthy: number; readonly unhealthy: number; readonly unknown: number };
  readonly repositoryProblems: readonly { readonly path: string; readonly reason: string }[];
}

/** How a version is run. Everything has a default; a manifest sets it per model or version, a load request overrides. */
export interface ModelOptions {
  /** Requests that may share one run. 1 switches batching off. Only batchable models use more. */
  readonly maxBatchSize: number;
  /** Threads inside one operator. Undefined: chosen from the CPU quota. */
  readonly intraOpThreads: number | undefined;
  /** Deadline of a request that names none, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** Requests that may wait or run at once; past it the answer is 429. */
  readonly maxQueueLength: number;
  /** Runs with synthetic inputs before the version is ready. */
  readonly warmUpRuns: number;
  /** How long an idle version stays in memory, in milliseconds. Undefined: until the memory is needed. */
  readonly keepAliveMs: number | undefined;
  /** Whether all processes that run this file share one copy of its weights in memory, at the price of prepacking. */
  readonly shareWeights: boolean;
}

export const DEFAULT_OPTIONS: ModelOptions = {
  maxBatchSize: 32,
  intraOpThreads: undefined,
  defaultTimeoutMs: 30_000,
  maxQueueLength: 1000,
  warmUpRuns: 1,
  keepAliveMs: undefined,
  shareWeights: false,
};

/** The longest that a timer can wait, 24 days; who wants more names none, and it stays until its memory is needed. */
export const MAX_KEEP_ALIVE_MS = 2 ** 31 - 1;

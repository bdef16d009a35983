/** How a version is run. Everything has a default; a manifest sets it per model or version, a load request overrides. */
export interface ModelOptions {
  /** Requests that may share one run. 1 switches batching off. Only batchable models use more. */
  readonly maxBatchSize: number;
  /** Processes that run it side by side; a request goes to the one with the least to do. */
  readonly instances: number;
  /** Threads inside one operator, of each process. Undefined: as the server says, or chosen from its processors. */
  readonly intraOpThreads: number | undefined;
  /** Deadline of a request that names none, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** Requests that may wait or run at once, at all its processes together; past it the answer is 429. */
  readonly maxQueueLength: number;
  /** Runs with synthetic inputs before the version is ready. */
  readonly warmUpRuns: number;
  /** How long an idle version stays in memory, in milliseconds. Undefined: until the memory is needed. */
  readonly keepAliveMs: number | undefined;
  /** Whether all processes that run this file share one copy of its weights in memory, at the price of speed. */
  readonly shareWeights: boolean;
}

export const DEFAULT_OPTIONS: ModelOptions = {
  maxBatchSize: 32,
  instances: 1,
  intraOpThreads: undefined,
  defaultTimeoutMs: 30_000,
  maxQueueLength: 1000,
  warmUpRuns: 1,
  keepAliveMs: undefined,
  shareWeights: false,
};

/** More processes of one model than that are a mistake, or work for another machine. */
export const MAX_INSTANCES = 16;

/** The most that is taken for a number of threads. */
export const MAX_INTRA_OP_THREADS = 1024;

/** The longest that a timer can wait, 24 days; who wants more names none, and it stays until its memory is needed. */
export const MAX_KEEP_ALIVE_MS = 2 ** 31 - 1;

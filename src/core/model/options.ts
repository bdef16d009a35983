import { AppError } from '../errors.ts';

/** How a version is run. Everything has a default; a manifest sets it per model or version, a load request overrides. */
export interface ModelOptions {
  /** Rows that may share one run. 1 switches batching off. Only batchable models use more. */
  readonly maxBatchSize: number;
  /**
   * How long a request may wait for others to share its run, in microseconds, while its process has nothing else to do.
   * What waits because the process is busy becomes the next batch in any case.
   */
  readonly maxQueueDelayUs: number;
  /** Rows of a batch that goes as soon as it can be formed, the largest that can. Empty: that is `maxBatchSize` alone. */
  readonly preferredBatchSizes: readonly number[];
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
  /** Of a model with states: sequences that may be open at once; past it the next start is refused with 429. */
  readonly maxSequences: number;
  /** How long a sequence may be without a request before it is forgotten, in milliseconds. */
  readonly sequenceIdleMs: number;
}

export const DEFAULT_OPTIONS: ModelOptions = {
  maxBatchSize: 32,
  maxQueueDelayUs: 0,
  preferredBatchSizes: [],
  instances: 1,
  intraOpThreads: undefined,
  defaultTimeoutMs: 30_000,
  maxQueueLength: 1000,
  warmUpRuns: 1,
  keepAliveMs: undefined,
  shareWeights: false,
  maxSequences: 1000,
  sequenceIdleMs: 60_000,
};

/** More processes of one model than that are a mistake, or work for another machine. */
export const MAX_INSTANCES = 16;

/** The most that is taken for a number of threads. */
export const MAX_INTRA_OP_THREADS = 1024;

/** The longest that a timer can wait, 24 days; who wants more names none, and it stays until its memory is needed. */
export const MAX_KEEP_ALIVE_MS = 2 ** 31 - 1;

/** More open sequences than that would be a leak. */
export const MAX_SEQUENCES = 1_000_000;

/** The longest that an idle sequence can be kept: as long as a timer can wait, 24 days. */
export const MAX_SEQUENCE_IDLE_MS = 2 ** 31 - 1;

/** The longest that a request may be made to wait for others: a second. */
export const MAX_QUEUE_DELAY_US = 1_000_000;

/** Why these options can not all hold, as a sentence; undefined where they can. What is absent contradicts nothing. */
export function contradictionIn({
  maxBatchSize = Number.POSITIVE_INFINITY,
  preferredBatchSizes = [],
}: Partial<Pick<ModelOptions, 'maxBatchSize' | 'preferredBatchSizes'>>): string | undefined {
  const tooLarge = preferredBatchSizes.find((rows) => rows > maxBatchSize);
  if (tooLarge === undefined) return undefined;
  return `preferred_batch_sizes has ${tooLarge}, and max_batch_size is ${maxBatchSize}.`;
}

/**
 * For options that come from several places, each of which had none that contradict each other.
 * @throws AppError `model_unloadable`
 */
export function refuseContradiction(options: ModelOptions): void {
  const contradiction = contradictionIn(options);
  if (contradiction === undefined) return;
  throw new AppError('model_unloadable', `The options contradict each other: ${contradiction}`, {
    next: 'Correct them in the request or in model.json; a request has its options on top of those of model.json.',
  });
}

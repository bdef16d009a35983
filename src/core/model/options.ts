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

/** Whole numbers, both ends among them. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The longest that a timer can wait: 24 days. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
const ROWS: Range = { min: 1, max: 65_536 };

/** What may be set, by whoever sets it. */
export const OPTION_RANGES = {
  maxBatchSize: ROWS,
  /** A request may be made to wait for others for a second. */
  maxQueueDelayUs: { min: 0, max: 1_000_000 },
  /** Of each of them. */
  preferredBatchSizes: { min: 2, max: ROWS.max },
  /** More processes of one model are a mistake, or work for another machine. */
  instances: { min: 1, max: 16 },
  intraOpThreads: { min: 1, max: 1024 },
  defaultTimeoutMs: { min: 1, max: 86_400_000 },
  maxQueueLength: { min: 1, max: 10_000_000 },
  warmUpRuns: { min: 0, max: 1000 },
  /** Who wants more names none, and it stays until its memory is needed. */
  keepAliveMs: { min: 1, max: LONGEST_WAIT_MS },
  /** More open sequences would be a leak. */
  maxSequences: { min: 1, max: 1_000_000 },
  sequenceIdleMs: { min: 1, max: LONGEST_WAIT_MS },
} as const satisfies Partial<Record<keyof ModelOptions, Range>>;

/** More preferred batch sizes would be a list of all. */
export const MAX_PREFERRED_SIZES = 64;

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

import type { BatchWorth } from './batch-worth.ts';
import { dueMs, inTime } from './in-time.ts';
import type { StartMessage } from './messages.ts';
import type { RunCurve } from './run-curve.ts';
import type { RunEstimates, RunSize } from './run-estimates.ts';
import type { WaitingLine, WaitingRequest } from './waiting.ts';

/** What a runner is to do next with what waits. */
export type NextStep =
  | { readonly kind: 'run'; readonly batch: readonly WaitingRequest[] }
  /** Nothing yet: by then, or as soon as more has come, there is something to do. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** These can not be answered in time any more, however they are run. */
  | { readonly kind: 'drop'; readonly late: readonly WaitingRequest[] };

export type BatchRules = Pick<StartMessage, 'maxBatchSize' | 'maxQueueDelayUs' | 'preferredBatchSizes'>;

/** What there is to choose from, and what runs were seen to take. */
export interface Knowledge {
  readonly line: WaitingLine;
  readonly estimates: RunEstimates;
  readonly worth: BatchWorth;
}

export interface Moment {
  readonly nowMs: number;
  /** Whether more may come that could share the run. */
  readonly mayGrow: boolean;
}

/**
 * Forms batches. Without options all that can share a run does, where that is worth while; with them it is as in Triton's
 * dynamic batcher: the largest batch of a preferred size goes at once; where there is none,
 * the one that waits longest waits for the delay at most, and then all go. Nothing waits without a delay, nor while
 * something else could be run, nor for longer than its deadline leaves time for its run.
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/batcher.html
 */
export class Batcher {
  readonly #line: WaitingLine;
  readonly #estimates: RunEstimates;
  readonly #worth: BatchWorth;
  readonly #maxRows: number;
  readonly #maxDelayMs: number;
  /** Ascending; at least one. */
  readonly #sizes: readonly number[];
  readonly #sendsAll: boolean;
  #sharesRuns: boolean;

  constructor(known: Knowledge, rules: BatchRules, sharesRuns: boolean) {
    const { maxBatchSize, maxQueueDelayUs, preferredBatchSizes } = rules;
    this.#line = known.line;
    this.#estimates = known.estimates;
    this.#worth = known.worth;
    this.#maxRows = maxBatchSize;
    this.#maxDelayMs = maxQueueDelayUs / 1000;
    this.#sizes = preferredBatchSizes.length === 0 ? [maxBatchSize] : preferredBatchSizes.toSorted((a, b) => a - b);
    this.#sendsAll = maxQueueDelayUs === 0 && preferredBatchSizes.length === 0;
    this.#sharesRuns = sharesRuns;
  }

  get sharesRuns(): boolean {
    return this.#sharesRuns;
  }

  /** From now on each request runs by itself. */
  separate(): void {
    this.#sharesRuns = false;
  }

  /** Undefined when nothing waits. Nothing is taken out of the line. */
  next(moment: Moment): NextStep | undefined {
    const all = this.#line.nextBatch(this.#sharesRuns ? this.#maxRows : 0);
    if (all.length === 0) return undefined;
    const { nowMs } = moment;
    const batch = this.#sendsAll || !this.#sharesRuns ? this.#worthwhile(all) : this.#batchOf(all, moment);
    if (typeof batch === 'number') return { kind: 'wait', untilMs: batch };
    const earliestMs = batch.reduce((least, request) => Math.min(least, dueMs(request)), Number.POSITIVE_INFINITY);
    const { kind, size } = runSize(batch);
    // An update has to see how long it takes.
    if (batch.some(({ tellsBegan }) => tellsBegan)) return { kind: 'run', batch };
    // Asked before every run, and hardly ever otherwise.
    if (earliestMs - nowMs >= this.#estimates.boundMs(size)) return { kind: 'run', batch };
    const curve = this.#estimates.curveOf(kind, nowMs);
    if (curve === undefined) return { kind: 'run', batch };
    const isMore = this.#line.length > batch.length || !moment.mayGrow;
    return inTime(batch, {
      // One that shares no run has a size of its own: its rows say nothing.
      curve: kind === undefined ? sizedCurve(curve, size) : curve,
      nowMs,
      alike: this.#line.alike(),
      isMore,
    });
  }

  /** All of them, or the first few where sharing a run gains nothing. */
  #worthwhile(all: WaitingRequest[]): WaitingRequest[] {
    const kind = worthKind(all);
    return all.length === 1 || kind === undefined ? all : all.slice(0, this.#worth.mostToShare(kind));
  }

  /** What goes now of all that could, or until when they wait for more. */
  #batchOf(all: WaitingRequest[], moment: Moment): WaitingRequest[] | number {
    const delayEndsMs = this.#line.oldestArrivalMs() + this.#maxDelayMs;
    if (this.#maxDelayMs > 0 && delayEndsMs <= moment.nowMs) return all;
    const size = this.#preferredLength(all);
    if (size !== undefined) return all.slice(0, size);
    const mustGo = this.#maxDelayMs === 0 || !moment.mayGrow || all.length < this.#line.length;
    if (mustGo || all[0]?.batchKey === undefined) return all;
    const untilMs = Math.min(delayEndsMs, this.#mayWaitUntilMs(all, moment.nowMs));
    return untilMs <= moment.nowMs ? all : untilMs;
  }

  /** How many of them make the largest batch of a preferred size, or come nearest to the largest of those. */
  #preferredLength(all: readonly WaitingRequest[]): number | undefined {
    const largest = this.#sizes.at(-1) ?? this.#maxRows;
    let rows = 0;
    let length: number | undefined;
    for (const [index, request] of all.entries()) {
      if (index > 0 && rows + request.rows > largest) return length ?? index;
      rows += request.rows;
      if (rows >= largest || this.#sizes.includes(rows)) length = index + 1;
    }
    return length;
  }

  /** While nothing is known of how long they run: until half of the time of one of them is over. */
  #mayWaitUntilMs(all: readonly WaitingRequest[], nowMs: number): number {
    const runMs = this.#estimates.expectedMs(runSize(all), nowMs);
    return all.reduce((least, { arrivedAtMs, deadlineMs }) => {
      return Math.min(least, deadlineMs - (runMs ?? (deadlineMs - arrivedAtMs) / 2));
    }, Number.POSITIVE_INFINITY);
  }
}

/** Of requests that can share a run and have as many rows each: what one of them costs can be compared. */
export function worthKind(requests: readonly WaitingRequest[]): string | undefined {
  const [first] = requests;
  if (first?.batchKey === undefined || requests.some(({ rows }) => rows !== first.rows)) return undefined;
  return `${first.rows} ${first.batchKey}`;
}

function sizedCurve({ expectedMs, leastMs }: RunCurve, size: number): RunCurve {
  return { expectedMs: () => expectedMs(size), leastMs: () => leastMs(size) };
}

/** Of requests that share a run, or of one that runs by itself: its first dimension need not be rows. */
export function runSize(requests: readonly WaitingRequest[]): RunSize {
  const [first] = requests;
  const kind = first?.batchKey;
  if (first !== undefined && kind === undefined) {
    return { kind, size: first.request.inputs.reduce((sum, { data }) => sum + data.length, 1) };
  }
  return {
    kind,
    size: Math.max(
      1,
      requests.reduce((sum, { rows }) => sum + rows, 0),
    ),
  };
}

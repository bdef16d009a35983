import type { Arm } from '../../../core/traffic/assignment.ts';
import type { Clock } from '../../ports/clock.ts';
import { waitUnlessAborted } from '../../waiting.ts';
import type { EvidenceBook } from '../driving/evidence-book.ts';
import { AgreementTally } from './agreement-tally.ts';
import type { PairInput } from './pair-inputs.ts';
import type { PairOutcome, PairRuns } from './pair-runs.ts';
import type { RecordedRequest } from './recorded-requests.ts';

/** Of the old version's time, for comparing it, while clients want it. */
const OLD_SHARE = 0.05;
/** Without a request for so long, its time is nobody else's. */
const IDLE_AFTER_MS = 1000;
/**
 * What nobody feels beside what a request costs anyway. A model of 30 µs that takes 60 is no reason to keep it from
 * anybody. Given to the old version alone, it only makes the test slower to convict.
 */
const UNFELT_MS = 0.5;
const RETRY_MS = 200;
const LONGEST_PAUSE_MS = 5000;

interface ComparisonParts {
  readonly book: EvidenceBook;
  readonly runs: PairRuns;
  readonly clock: Clock;
  readonly stage: () => number;
  readonly lastRequestAt: () => number;
}

export interface PairCounts {
  readonly recorded: number;
  readonly synthetic: number;
}

/** Runs pairs one after the other and writes down what they tell. Used by whoever needs pairs next, one at a time. */
export class Comparisons {
  readonly #parts: ComparisonParts;
  #recorded = 0;
  #synthetic = 0;
  #tally = new AgreementTally();
  #turn: Promise<unknown> = Promise.resolve();
  #oldBusyMs = 0;
  run = 0;
  newOnlyFailed = 0;
  oldOnlyFailed = 0;
  timed = 0;
  /** Pairs in a row, up to the last one, in which the new version did not fail alone. */
  goodInRow = 0;
  /** The old version gave a value that is not finite: then that is no failure of the new one either. */
  oldIsNotFinite = false;

  constructor(parts: ComparisonParts) {
    this.#parts = parts;
  }

  /** Of this stage. */
  get counts(): PairCounts {
    return { recorded: this.#recorded, synthetic: this.#synthetic };
  }

  /** Of this stage. */
  get agreement() {
    return this.#tally.agreement;
  }

  /** From now on it is another stage's pairs that are counted. */
  beginStage(): void {
    this.#recorded = 0;
    this.#synthetic = 0;
    this.#tally = new AgreementTally();
  }

  noteOldBusy(ms: number): void {
    this.#oldBusyMs += ms;
  }

  /** Gives an input to both. Tries again while the server is too busy. Undefined where one of the versions is away. */
  async compare(input: PairInput, signal: AbortSignal): Promise<PairOutcome | undefined> {
    return this.#inTurn(async () => {
      // What tells something of the stage in which it was chosen, whatever comes meanwhile.
      const stage = this.#parts.stage();
      const outcome = await this.#parts.runs.compare(input.request, signal);
      if (outcome !== undefined) this.#note(input, outcome, stage);
      return outcome;
    }, signal);
  }

  /** Times an input on both. False where that could not be done. */
  async time(request: RecordedRequest, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      const stage = this.#parts.stage();
      const times = await this.#parts.runs.time(request, signal);
      if (times === undefined) return false;
      const { book } = this.#parts;
      book.times('cpu_time', times.cpu.new, times.cpu.old + UNFELT_MS, stage);
      book.times('wall_time', times.wall.new, times.wall.old + UNFELT_MS, stage);
      this.timed += 1;
      return true;
    }, signal);
  }

  /** An input that failed on the new version alone, again: whether it does so again. Nothing of it is evidence. */
  replay(request: RecordedRequest, signal: AbortSignal): Promise<PairOutcome | undefined> {
    return this.#inTurn(() => this.#parts.runs.compare(request, signal), signal);
  }

  async pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#parts.clock.after(ms, resolve);
    await waitUnlessAborted(promise, signal);
  }

  /** Waits after work that could not be done. */
  retryLater(signal: AbortSignal): Promise<void> {
    return this.pause(RETRY_MS, signal);
  }

  #note({ kind, request }: PairInput, outcome: PairOutcome, stage: number): void {
    const { book } = this.#parts;
    this.run += 1;
    if (kind === 'recorded') this.#recorded += 1;
    else this.#synthetic += 1;
    const failed: Record<Arm, boolean> = { new: outcome.new.failed, old: outcome.old.failed };
    if (!outcome.old.isFinite) this.oldIsNotFinite = true;
    if (failed.new && !failed.old) this.newOnlyFailed += 1;
    if (failed.old && !failed.new) this.oldOnlyFailed += 1;
    this.goodInRow = failed.new && !failed.old ? 0 : this.goodInRow + 1;
    if (outcome.comparison !== undefined) this.#tally.add(outcome.comparison);
    if (!failed.new && !failed.old) this.#noteWarm(outcome);
    book.pair(request.digest, failed.new, failed.old, stage);
  }

  /** A warm new version that keeps up: from then on live times tell something. */
  #noteWarm({ new: fresh, old }: PairOutcome): void {
    const [newMs, oldMs] = [fresh.reply?.timings.computeMs, old.reply?.timings.computeMs];
    if (newMs !== undefined && oldMs !== undefined && newMs <= 2 * oldMs) this.#parts.book.warmPairPassed();
  }

  /** One after the other, and while clients want the old version for a small share of its time only. */
  async #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await waitUnlessAborted(before, signal);
    } catch (error) {
      // Who does not wait for a turn any more does not give the next one theirs early.
      void before.then(() => resolve());
      throw error;
    }
    try {
      this.#oldBusyMs = 0;
      const result = await work();
      const { clock, lastRequestAt } = this.#parts;
      const isIdle = clock.monotonicMs() - lastRequestAt() > IDLE_AFTER_MS;
      if (!isIdle) await this.pause(Math.min(LONGEST_PAUSE_MS, this.#oldBusyMs / OLD_SHARE), signal);
      return result;
    } finally {
      resolve();
    }
  }
}

import type { Outcome } from '../../../src/core/rollout/evidence/bad-event.ts';
import type { SharedFailure } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import type { Arm, RandomSource } from '../../../src/core/traffic/assignment.ts';
import { logNormal } from './random.ts';
import { ATTEMPT_MS, failureRateAt, type World } from './world.ts';

/** One request, on the version that was drawn for it, or on the old one as a fallback. */
export interface Work {
  /** Its place in the order of draws; undefined for a fallback, which is no evidence. */
  readonly order: number | undefined;
  readonly arm: Arm;
  readonly isHeavy: boolean;
  readonly isPoison: boolean;
  readonly key: string | undefined;
  readonly sentAtMs: number;
}

/** What a service tells of its work. */
export interface ServiceEvents {
  finished(work: Work, outcome: Outcome, nowMs: number): void;
  failedTogether(works: readonly Work[], failure: SharedFailure, nowMs: number): void;
}

const LARGEST_BATCH = 16;
const BASE_MS = 20;
const EACH_MS = 4;
/** A version that had nothing to do for this long has lost its caches. */
const COLD_AFTER_MS = 60;
const COLD_FACTOR = 2;
const CONTENTION_FACTOR = 1.3;
const RESTART_MS = 1_000;
const LIMIT_MS = 2_500;

/** One version's process: what waits when it is free becomes the next batch. */
export class Runner {
  readonly #arm: Arm;
  readonly #world: World;
  readonly #random: RandomSource;
  readonly #events: ServiceEvents;
  #queue: Work[] = [];
  #batch: Work[] = [];
  #freeSinceMs = 0;
  #downUntilMs = 0;
  #computeMs = 0;
  /** When the batch that runs is done; infinite while there is none. */
  doneAtMs = Number.POSITIVE_INFINITY;

  constructor(arm: Arm, world: World, random: RandomSource, events: ServiceEvents) {
    this.#arm = arm;
    this.#world = world;
    this.#random = random;
    this.#events = events;
  }

  get isBusy(): boolean {
    return this.#batch.length > 0;
  }

  add(work: Work, nowMs: number, otherIsBusy: boolean): void {
    if (nowMs < this.#downUntilMs) {
      this.#events.finished(work, { kind: 'part_of_crash' }, nowMs);
      return;
    }
    this.#queue.push(work);
    if (!this.isBusy) this.#begin(nowMs, otherIsBusy);
  }

  /** The batch is done. */
  finish(nowMs: number, otherIsBusy: boolean): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#freeSinceMs = nowMs;
    this.doneAtMs = Number.POSITIVE_INFINITY;
    if (this.#world.crashRate > 0 && this.#random() < 1 - (1 - this.#world.crashRate) ** batch.length) {
      this.#events.failedTogether(batch, 'crash', nowMs);
      this.#crash(nowMs);
      return;
    }
    const isBroken = batch.length > 1 && batch.some(({ isPoison }) => isPoison);
    if (isBroken && this.#random() < this.#world.inseparableShare) {
      this.#events.failedTogether(batch, 'batch', nowMs);
    } else {
      for (const work of batch) this.#events.finished(work, this.#outcome(work, nowMs), nowMs);
    }
    if (!this.isBusy) this.#begin(nowMs, otherIsBusy);
  }

  #crash(nowMs: number): void {
    this.#downUntilMs = nowMs + RESTART_MS;
    const queue = this.#queue;
    this.#queue = [];
    for (const work of queue) this.#events.finished(work, { kind: 'part_of_crash' }, nowMs);
  }

  #begin(nowMs: number, otherIsBusy: boolean): void {
    if (this.#queue.length === 0) return;
    this.#batch = this.#queue.slice(0, LARGEST_BATCH);
    this.#queue = this.#queue.slice(LARGEST_BATCH);
    const isCold = nowMs - this.#freeSinceMs > COLD_AFTER_MS;
    this.#computeMs =
      (BASE_MS + EACH_MS * this.#batch.length) *
      (isCold ? COLD_FACTOR : 1) *
      (otherIsBusy ? CONTENTION_FACTOR : 1) *
      (this.#arm === 'new' ? this.#world.slowdown : 1) *
      logNormal(this.#random, 0.1);
    this.doneAtMs = nowMs + this.#computeMs;
  }

  #outcome({ isPoison, isHeavy }: Work, nowMs: number): Outcome {
    const failed = isPoison || this.#random() < failureRateAt(this.#world, this.#arm, nowMs, isHeavy);
    if (failed) return { kind: 'failed' };
    return { kind: 'answered', isFinite: true, computeMs: this.#computeMs, limitMs: LIMIT_MS };
  }
}

/** How long after its sending a failure is noticed that no answer tells of. */
export function noticedAtMs(work: Work): number {
  return work.sentAtMs + ATTEMPT_MS[work.arm];
}

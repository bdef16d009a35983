import type { Outcome } from '../../../src/core/rollout/evidence/bad-event.ts';
import type { SharedFailure } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import type { Arm, RandomSource } from '../../../src/core/traffic/assignment.ts';
import { exponential } from './random.ts';
import { noticedAtMs, Runner, type ServiceEvents, type Work } from './service.ts';
import type { World } from './world.ts';

/** What decides where requests go, and watches what becomes of them. */
export interface Rollout {
  draw(key: string | undefined, nowMs: number): { readonly arm: Arm; readonly order: number };
  finished(order: number, arm: Arm, outcome: Outcome, latencyMs: number, nowMs: number): void;
  failedTogether(orders: readonly number[], arm: Arm, failure: SharedFailure, withOthers: boolean, nowMs: number): void;
  /** Before each request. @returns whether the simulation goes on */
  goesOn(nowMs: number): boolean;
}

const RETRY_AFTER_MS = 1_000;

/** A service under traffic, as a simulation of discrete events. */
export class Simulation implements ServiceEvents {
  readonly #world: World;
  readonly #random: RandomSource;
  readonly #rollout: Rollout;
  readonly #runners: { readonly new: Runner; readonly old: Runner };
  /** Failures that are noticed late, by version, and retries: each in the order of time. */
  readonly #late: { readonly new: Work[]; readonly old: Work[] } = { new: [], old: [] };
  readonly #retries: { readonly atMs: number; readonly work: Work }[] = [];
  #requests = 0;

  constructor(world: World, rollout: Rollout, random: RandomSource) {
    this.#world = world;
    this.#rollout = rollout;
    this.#random = random;
    this.#runners = { new: new Runner('new', world, random, this), old: new Runner('old', world, random, this) };
  }

  run(): void {
    let arrivalAtMs = 0;
    for (let nowMs = 0; ; ) {
      const next = Math.min(this.#runners.new.doneAtMs, this.#runners.old.doneAtMs, this.#nextLateMs());
      nowMs = Math.min(next, arrivalAtMs);
      if (arrivalAtMs <= next) {
        if (!this.#rollout.goesOn(nowMs)) return;
        this.#arrive(nowMs);
        arrivalAtMs += this.#gapMs();
      } else if (nowMs === this.#runners.new.doneAtMs) {
        this.#runners.new.finish(nowMs, this.#runners.old.isBusy);
      } else if (nowMs === this.#runners.old.doneAtMs) {
        this.#runners.old.finish(nowMs, this.#runners.new.isBusy);
      } else {
        this.#notice(nowMs);
      }
    }
  }

  finished(work: Work, outcome: Outcome, nowMs: number): void {
    const isLate = outcome.kind === 'failed' && !work.isPoison && this.#random() < this.#world.hangShare;
    if (isLate) insertByTime(this.#late[work.arm], work);
    else this.#settle(work, outcome, nowMs);
  }

  failedTogether(works: readonly Work[], failure: SharedFailure, nowMs: number): void {
    const orders = works.flatMap(({ order }) => order ?? []);
    const arm = works[0]?.arm ?? 'old';
    this.#rollout.failedTogether(orders, arm, failure, orders.length < works.length, nowMs);
    for (const work of works) this.#answerFailed(work, nowMs);
  }

  #gapMs(): number {
    const mean = 1000 / this.#world.requestsPerSecond;
    return this.#world.arrivals === 'periodic' ? mean : exponential(this.#random, mean);
  }

  #nextLateMs(): number {
    const [ofNew, ofOld, retry] = [this.#late.new[0], this.#late.old[0], this.#retries[0]];
    return Math.min(
      ofNew === undefined ? Number.POSITIVE_INFINITY : noticedAtMs(ofNew),
      ofOld === undefined ? Number.POSITIVE_INFINITY : noticedAtMs(ofOld),
      retry?.atMs ?? Number.POSITIVE_INFINITY,
    );
  }

  #notice(nowMs: number): void {
    for (const arm of ['new', 'old'] as const) {
      const first = this.#late[arm][0];
      if (first === undefined || noticedAtMs(first) > nowMs) continue;
      this.#late[arm].shift();
      this.#settle(first, { kind: 'failed' }, nowMs);
    }
    const retry = this.#retries[0];
    if (retry === undefined || retry.atMs > nowMs) return;
    this.#retries.shift();
    this.#send(retry.work, nowMs);
  }

  #arrive(nowMs: number): void {
    this.#requests += 1;
    const { clients, poisonShare } = this.#world;
    // Zipf, nearly: the client's rank is exponential in a uniform number.
    const key = clients === 0 ? undefined : `client-${Math.floor(clients ** this.#random())}`;
    const isHeavy = this.#requests % 20 === 0;
    this.#send({ key, isHeavy, isPoison: poisonShare > 0 && this.#random() < poisonShare }, nowMs);
  }

  #send({ key, isHeavy, isPoison }: Pick<Work, 'key' | 'isHeavy' | 'isPoison'>, nowMs: number): void {
    const { arm, order } = this.#rollout.draw(key, nowMs);
    this.#enqueue({ order, arm, isHeavy, isPoison, key, sentAtMs: nowMs }, nowMs);
  }

  #settle(work: Work, outcome: Outcome, nowMs: number): void {
    if (work.order !== undefined) {
      this.#rollout.finished(work.order, work.arm, outcome, nowMs - work.sentAtMs, nowMs);
    }
    if (outcome.kind === 'failed' || outcome.kind === 'part_of_crash') this.#answerFailed(work, nowMs);
  }

  /** The old version answers for the new one; what fails there too is sent again by some. */
  #answerFailed(work: Work, nowMs: number): void {
    if (work.arm === 'new') {
      this.#enqueue({ ...work, order: undefined, arm: 'old', sentAtMs: nowMs }, nowMs);
    } else if (this.#world.retryShare > 0 && this.#random() < this.#world.retryShare) {
      this.#retries.push({ atMs: nowMs + RETRY_AFTER_MS, work });
    }
  }

  #enqueue(work: Work, nowMs: number): void {
    const other = work.arm === 'new' ? 'old' : 'new';
    this.#runners[work.arm].add(work, nowMs, this.#runners[other].isBusy);
  }
}

/** Nearly always at the end: batches end almost in the order in which their members were sent. */
function insertByTime(works: Work[], work: Work): void {
  let at = works.length;
  while (at > 0 && (works[at - 1]?.sentAtMs ?? 0) > work.sentAtMs) at -= 1;
  works.splice(at, 0, work);
}

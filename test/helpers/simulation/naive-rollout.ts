import type { Outcome } from '../../../src/core/rollout/evidence/bad-event.ts';
import { NO_EVIDENCE } from '../../../src/core/rollout/evidence/evidence.ts';
import { recordLive } from '../../../src/core/rollout/evidence/live.ts';
import { ReorderBuffer, type SharedFailure } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import { judge } from '../../../src/core/rollout/evidence/verdict.ts';
import type { Arm, Assignment, RandomSource } from '../../../src/core/traffic/assignment.ts';
import { beforeBlock } from '../../../src/core/traffic/block.ts';
import { assign } from '../../../src/core/traffic/split.ts';
import { newSlots } from '../../../src/core/traffic/weight.ts';
import { seededRandom } from './random.ts';
import { type Rollout, Simulation } from './simulate.ts';
import { quantile } from './statistics.ts';
import { ATTEMPT_MS, type World } from './world.ts';

/** Each is what one would write first, and differs from the real evidence in one thing. */
export type NaiveVariant =
  | 'none'
  /** Bad events count when they are known. */
  | 'completion_order'
  /** A batch that failed as one is as many events as it has members. */
  | 'every_member'
  /** Each request that fails because a process is restarting is an event, besides the crash. */
  | 'each_while_down'
  /** Every k-th request goes to the new version. */
  | 'modulo'
  /** A live answer slower than 95 % of the old version's is a bad event. */
  | 'live_times';

const OLD_TIMES = 400;

/** Live evidence at a held weight, with one naive habit. */
export class NaiveRollout implements Rollout {
  readonly #variant: NaiveVariant;
  readonly #weight: number;
  readonly #horizonMs: number;
  readonly #random: RandomSource;
  readonly #buffer = new ReorderBuffer();
  readonly #assignments: Assignment[] = [];
  readonly #oldTimesMs: number[] = [];
  #slowMs = Number.POSITIVE_INFINITY;
  #open = beforeBlock(0);
  #evidence = NO_EVIDENCE;
  rolledBack = false;

  constructor(variant: NaiveVariant, weight: number, horizonMs: number, random: RandomSource) {
    this.#variant = variant;
    this.#weight = weight;
    this.#horizonMs = horizonMs;
    this.#random = random;
  }

  draw(key: string | undefined, nowMs: number): { readonly arm: Arm; readonly order: number } {
    const { open, assignment } = assign(this.#open, { key }, { rolloutId: 'r', weight: this.#weight }, this.#random);
    this.#open = open;
    const arm = this.#variant === 'modulo' ? this.#everyKth() : assignment.arm;
    const drawn = { ...assignment, arm };
    this.#assignments.push(drawn);
    const ticket = { assignment: drawn, stage: 1, timeCounts: true, deadlineAtMs: nowMs + ATTEMPT_MS.old };
    return { arm, order: this.#buffer.admit(ticket) };
  }

  finished(order: number, arm: Arm, outcome: Outcome, _latencyMs: number, nowMs: number): void {
    if (this.#variant === 'completion_order') {
      const assignment = this.#assignments[order];
      if (outcome.kind === 'failed' && assignment !== undefined) {
        this.#record({ arm, draws: [assignment.draw], leastProbability: 0, stage: 1 });
      }
      return;
    }
    this.#buffer.settle(order, this.#seen(arm, outcome));
    this.#release(nowMs);
  }

  failedTogether(
    orders: readonly number[],
    _arm: Arm,
    failure: SharedFailure,
    withOthers: boolean,
    nowMs: number,
  ): void {
    if (this.#variant === 'every_member') for (const order of orders) this.#buffer.settle(order, { kind: 'failed' });
    else this.#buffer.settleTogether(orders, failure, withOthers);
    this.#release(nowMs);
  }

  goesOn(nowMs: number): boolean {
    return !this.rolledBack && nowMs < this.#horizonMs;
  }

  /** In step with periodic traffic, whose every 20th request is heavy: nobody chose this, it happens. */
  #everyKth(): Arm {
    return (this.#assignments.length + 1) % (20 / newSlots(this.#weight)) === 0 ? 'new' : 'old';
  }

  #seen(arm: Arm, outcome: Outcome): Outcome {
    if (outcome.kind === 'part_of_crash' && this.#variant === 'each_while_down') return { kind: 'failed' };
    if (outcome.kind !== 'answered' || this.#variant !== 'live_times') return outcome;
    const limitMs = this.#slowMs;
    if (arm === 'old' && this.#oldTimesMs.length < OLD_TIMES) {
      this.#oldTimesMs.push(outcome.computeMs);
      if (this.#oldTimesMs.length === OLD_TIMES) this.#slowMs = quantile(this.#oldTimesMs, 0.95) ?? limitMs;
    }
    return { ...outcome, limitMs };
  }

  #release(nowMs: number): void {
    for (const event of this.#buffer.release(nowMs, () => ({ computeMs: 0, limitMs: 1 }))) this.#record(event);
  }

  #record(event: Parameters<typeof recordLive>[1]): void {
    this.#evidence = { ...this.#evidence, live: recordLive(this.#evidence.live, event, 1.25) };
    this.rolledBack ||= judge(this.#evidence, 0.01).verdict === 'roll_back';
  }
}

/** How many of so many updates to an identical version are rolled back. */
export function falseRollbacks(
  variant: NaiveVariant,
  world: World,
  { weight, horizonMs, runs }: { readonly weight: number; readonly horizonMs: number; readonly runs: number },
): number {
  let rolledBack = 0;
  for (let run = 0; run < runs; run += 1) {
    const random = seededRandom(run + 1);
    const rollout = new NaiveRollout(variant, weight, horizonMs, random);
    new Simulation(world, rollout, random).run();
    if (rollout.rolledBack) rolledBack += 1;
  }
  return rolledBack;
}

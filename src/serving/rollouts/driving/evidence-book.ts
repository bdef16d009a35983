import type { Outcome } from '../../../core/rollout/evidence/bad-event.ts';
import {
  type Evidence,
  type EvidenceEvent,
  hasMoved,
  NO_EVIDENCE,
  record,
  type Tolerance,
} from '../../../core/rollout/evidence/evidence.ts';
import { type AgeOf, ReorderBuffer, type SharedFailure } from '../../../core/rollout/evidence/reorder-buffer.ts';
import { judge } from '../../../core/rollout/evidence/verdict.ts';
import { afterDraw, COLD } from '../../../core/rollout/evidence/warmth.ts';
import type { EvidenceComponent, LogShares } from '../../../core/rollout/reasons.ts';
import type { RolloutConfig } from '../../../core/rollout/rollout-config.ts';
import type { Arm, Assignment } from '../../../core/traffic/assignment.ts';
import type { Clock } from '../../ports/clock.ts';

interface BookParts {
  readonly config: RolloutConfig;
  readonly clock: Clock;
  /** Told after each event that makes, or leaves, a component's share at 1/α or above. */
  readonly onVerdict: (component: EvidenceComponent, logShare: number) => void;
  /** What to go on with, after a restart. */
  readonly evidence?: Evidence;
}

const UNKNOWN_AGE = { computeMs: 0, limitMs: Number.POSITIVE_INFINITY };

/** Keeps the evidence of one update: outcomes in the order of their draws, pairs and times as they come. */
export class EvidenceBook {
  readonly #parts: BookParts;
  readonly #tolerance: Tolerance;
  #evidence: Evidence;
  readonly #buffer = new ReorderBuffer();
  /** How long requests that have no outcome yet have computed. */
  readonly #ages = new Map<number, () => ReturnType<AgeOf>>();
  #warmth = COLD;
  /** Components that something was measured for. */
  readonly #measured = new Set<EvidenceComponent>();

  constructor(parts: BookParts) {
    this.#parts = parts;
    const { rho, deltaCpu, deltaWall } = parts.config;
    this.#tolerance = { failureOdds: rho, cpuTime: deltaCpu, wallTime: deltaWall };
    this.#evidence = parts.evidence ?? NO_EVIDENCE;
  }

  /** ln(π·E) by component; null where nothing was measured. */
  get logShares(): LogShares {
    const { logShares } = judge(this.#evidence, this.#parts.config.alpha);
    const of = (component: EvidenceComponent) => (this.#measured.has(component) ? logShares[component] : null);
    return {
      live_failures: of('live_failures'),
      paired_failures: of('paired_failures'),
      cpu_time: of('cpu_time'),
      wall_time: of('wall_time'),
    };
  }

  /** All of it. Another object whenever anything has changed. */
  get evidence(): Evidence {
    return this.#evidence;
  }

  /**
   * A live request at its draw.
   *
   * @param deadlineAtMs on the monotonic clock
   * @param age how long it has computed by then, should its outcome not be known at its deadline
   * @returns its place in the order
   */
  admit(assignment: Assignment, stage: number, deadlineAtMs: number, age: () => ReturnType<AgeOf>): number {
    const { warmth, timeCounts } = afterDraw(this.#warmth, assignment);
    this.#warmth = warmth;
    const order = this.#buffer.admit({ assignment, stage, timeCounts, deadlineAtMs });
    this.#ages.set(order, age);
    return order;
  }

  settle(order: number, outcome: Outcome): void {
    this.#ages.delete(order);
    this.#buffer.settle(order, outcome);
    this.#measured.add('live_failures');
    this.release();
  }

  /** @param withOthers whether requests that were not drawn ran with them */
  settleTogether(orders: readonly number[], failure: SharedFailure, withOthers: boolean): void {
    for (const order of orders) this.#ages.delete(order);
    this.#buffer.settleTogether(orders, failure, withOthers);
    this.#measured.add('live_failures');
    this.release();
  }

  /** A version's process ended with nothing of the live traffic in it. */
  crashWhileIdle(arm: Arm, stage: number): void {
    this.#measured.add('live_failures');
    this.#record({ kind: 'live', arm, draws: [], leastProbability: 1 / 2, stage });
  }

  pair(digest: string, newFailed: boolean, oldFailed: boolean, stage: number): void {
    this.#measured.add('paired_failures');
    this.#record({ kind: 'pair', digest, newFailed, oldFailed, stage });
  }

  /** Times of one input on both, in milliseconds. */
  times(kind: 'cpu_time' | 'wall_time', newMs: number, oldMs: number, stage: number): void {
    this.#measured.add(kind);
    this.#record({ kind, newMs, oldMs, stage });
  }

  /** A warm new version has kept up with the old one in a pair: live times count from the next block on. */
  warmPairPassed(): void {
    this.#warmth = { ...this.#warmth, passedPair: true };
  }

  /** The wealth starts from nothing. What has been seen of blocks, keys and inputs has been seen all the same. */
  restart(): void {
    const { live, pairs } = this.#evidence;
    this.#evidence = {
      ...NO_EVIDENCE,
      live: { ...live, wealth: NO_EVIDENCE.live.wealth },
      pairs: { ...pairs, wealth: NO_EVIDENCE.pairs.wealth },
    };
    this.#measured.clear();
  }

  /** Counts what is next in the order, and what is past its deadline. */
  release(): void {
    const ageOf: AgeOf = (order) => {
      const age = this.#ages.get(order)?.() ?? UNKNOWN_AGE;
      this.#ages.delete(order);
      return age;
    };
    for (const event of this.#buffer.release(this.#parts.clock.monotonicMs(), ageOf)) {
      this.#record({ kind: 'live', ...event });
    }
  }

  #record(event: EvidenceEvent): void {
    const before = this.#evidence;
    this.#evidence = record(before, event, this.#tolerance);
    if (!hasMoved(before, this.#evidence)) return;
    const verdict = judge(this.#evidence, this.#parts.config.alpha);
    if (verdict.verdict === 'roll_back') {
      this.#parts.onVerdict(verdict.because, verdict.logShares[verdict.because]);
    }
  }
}

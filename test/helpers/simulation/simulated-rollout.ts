import type { Outcome } from '../../../src/core/rollout/evidence/bad-event.ts';
import {
  type Evidence,
  type EvidenceEvent,
  hasMoved,
  NO_EVIDENCE,
  record,
} from '../../../src/core/rollout/evidence/evidence.ts';
import { ReorderBuffer, type SharedFailure } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import { type Component, judge, strongest } from '../../../src/core/rollout/evidence/verdict.ts';
import { afterDraw, COLD } from '../../../src/core/rollout/evidence/warmth.ts';
import type { Arm, RandomSource } from '../../../src/core/traffic/assignment.ts';
import { beforeBlock } from '../../../src/core/traffic/block.ts';
import { assign } from '../../../src/core/traffic/split.ts';
import { HOLD_MS, SUSPICION } from './ladder.ts';
import type { RolloutOptions, RolloutResult } from './rollout-options.ts';
import type { Rollout } from './simulate.ts';
import { wilson } from './statistics.ts';
import { timesOfPair } from './timed-pair.ts';
import { ATTEMPT_MS, failureRateAt, type World } from './world.ts';

const MIRRORED = 0.02;
const MIRRORED_UNDER_SUSPICION = 0.5;
const SUSPICIOUS_REQUESTS = 300;

/** An update by the real split and the real evidence, with the least of a driver around them. */
export class SimulatedRollout implements Rollout {
  readonly #id: string;
  readonly #world: World;
  readonly #options: RolloutOptions;
  readonly #random: RandomSource;
  readonly #buffer = new ReorderBuffer();
  #evidence: Evidence = NO_EVIDENCE;
  #strongest = 0;
  #open = beforeBlock(0);
  #warmth = COLD;
  #stage = 0;
  #stageSinceMs = 0;
  #samples = 0;
  #pairs = 0;
  #suspicious = 0;
  #end: RolloutResult['end'] | undefined;
  #because: Component | undefined;
  readonly #answers = { new: 0, old: 0 };
  readonly #bad = { new: 0, old: 0 };

  constructor(id: string, world: World, options: RolloutOptions, random: RandomSource) {
    this.#id = id;
    this.#world = world;
    this.#options = options;
    this.#random = random;
    for (let pair = 0; pair < options.timePairs && this.#end === undefined; pair += 1) this.#timePair();
    for (let pair = 0; pair < options.failurePairs && this.#end === undefined; pair += 1) this.#failurePair(0);
    if (this.#end === undefined) this.#stage = 1;
  }

  get result(): RolloutResult {
    const [badAnswers, answers] = [this.#bad.new, this.#answers.new];
    return { end: this.#end ?? 'undecided', because: this.#because, badAnswers, answers, stage: this.#stage };
  }

  draw(key: string | undefined, nowMs: number): { readonly arm: Arm; readonly order: number } {
    const weight = this.#options.stages[this.#stage - 1]?.weight ?? 1;
    const { open, assignment } = assign(this.#open, { key }, { rolloutId: this.#id, weight }, this.#random);
    this.#open = open;
    const { warmth, timeCounts } = afterDraw(this.#warmth, assignment);
    this.#warmth = warmth;
    const deadlineAtMs = nowMs + ATTEMPT_MS.old;
    if (weight === 1) this.#mirror(nowMs);
    return {
      arm: assignment.arm,
      order: this.#buffer.admit({ assignment, stage: this.#stage, timeCounts, deadlineAtMs }),
    };
  }

  finished(order: number, arm: Arm, outcome: Outcome, _latencyMs: number, nowMs: number): void {
    this.#count(arm, outcome.kind === 'failed' || outcome.kind === 'part_of_crash');
    this.#buffer.settle(order, outcome);
    this.#release(nowMs);
  }

  failedTogether(
    orders: readonly number[],
    arm: Arm,
    failure: SharedFailure,
    withOthers: boolean,
    nowMs: number,
  ): void {
    for (const _ of orders) this.#count(arm, true);
    this.#buffer.settleTogether(orders, failure, withOthers);
    this.#release(nowMs);
  }

  goesOn(nowMs: number): boolean {
    this.#advance(nowMs);
    return this.#end === undefined && nowMs < this.#options.horizonMs;
  }

  #count(arm: Arm, isBad: boolean): void {
    if (this.#end !== undefined) return;
    this.#answers[arm] += 1;
    if (arm === 'new') this.#samples += 1;
    if (!isBad) return;
    this.#bad[arm] += 1;
    if (arm === 'new' && this.#looksWorse()) this.#suspicious = SUSPICIOUS_REQUESTS;
  }

  #looksWorse(): boolean {
    return this.#bad.new / this.#answers.new > wilson(this.#bad.old, Math.max(1, this.#answers.old)).upper;
  }

  #release(nowMs: number): void {
    for (const event of this.#buffer.release(nowMs, () => ({ computeMs: 0, limitMs: 1 }))) {
      this.#record({ kind: 'live', ...event });
    }
  }

  #record(event: EvidenceEvent): void {
    if (this.#end !== undefined) return;
    const before = this.#evidence;
    this.#evidence = record(before, event, this.#options.tolerance);
    if (!hasMoved(before, this.#evidence)) return;
    const verdict = judge(this.#evidence, this.#options.alpha);
    this.#strongest = strongest(verdict.logShares);
    if (verdict.verdict === 'none') return;
    this.#end = 'rolled_back';
    this.#because = verdict.because;
  }

  #advance(nowMs: number): void {
    const stage = this.#options.stages[this.#stage - 1];
    if (this.#end !== undefined || stage === undefined) return;
    const isLast = this.#stage === this.#options.stages.length;
    const ripeAtMs = this.#stageSinceMs + stage.dwellMs + (isLast ? this.#options.bakeMs : 0);
    if (nowMs < ripeAtMs || this.#samples < stage.samples) return;
    if (this.#strongest >= SUSPICION) {
      if (nowMs >= ripeAtMs + HOLD_MS) this.#end = 'paused';
      return;
    }
    if (isLast) this.#end = 'completed';
    else this.#stage += 1;
    this.#stageSinceMs = nowMs;
    this.#samples = 0;
  }

  #mirror(nowMs: number): void {
    const share = this.#suspicious > 0 ? MIRRORED_UNDER_SUSPICION : MIRRORED;
    this.#suspicious = Math.max(0, this.#suspicious - 1);
    if (this.#random() < share) this.#failurePair(nowMs);
  }

  #failurePair(nowMs: number): void {
    this.#pairs += 1;
    const isPoison = this.#random() < this.#world.poisonShare;
    const fails = (arm: Arm) => isPoison || this.#random() < failureRateAt(this.#world, arm, nowMs, false);
    const [newFailed, oldFailed] = [fails('new'), fails('old')];
    this.#record({ kind: 'pair', digest: `${this.#pairs}`, newFailed, oldFailed, stage: this.#stage });
  }

  #timePair(): void {
    const [newMs, oldMs] = timesOfPair(this.#world.slowdown, this.#random);
    for (const kind of ['cpu_time', 'wall_time'] as const) {
      this.#record({ kind, newMs, oldMs, stage: this.#stage });
    }
  }
}

import type { Facts } from '../../../core/rollout/facts.ts';
import type { Finding } from '../../../core/rollout/reasons.ts';
import type { RolloutEvent } from '../../../core/rollout/rollout-events.ts';
import { canAnswer, isTrafficPhase, type RolloutState } from '../../../core/rollout/rollout-state.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import { reasonOf } from '../../reason.ts';
import { ComprehensiveCheck } from '../comparing/comprehensive-check.ts';
import type { Evaluation } from './evaluation.ts';
import type { RolloutIdentity } from './identity.ts';
import type { RolloutServices } from './rollout-services.ts';
import { StageWork } from './stage-work.ts';
import type { UpdatedVersions } from './updated-versions.ts';

/** Pairs in a row without a failure of the new version alone, after which an open breaker closes. */
const PAIRS_UNTIL_CLOSED = 20;
/** While a person is asked there is no hurry. */
const PAUSE_BETWEEN_PAIRS_MS = 1000;
const MAX_REPLAYED = 4;

interface ActivityParts {
  readonly identity: RolloutIdentity;
  readonly services: RolloutServices;
  readonly versions: UpdatedVersions;
  readonly evaluation: Evaluation;
  readonly state: () => RolloutState;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly fire: (event: RolloutEvent) => void;
  /** Whether all that was decided is durable, and done. */
  readonly isSettled: () => boolean;
}

/** What goes on in the background of an update: exactly what its state asks for. */
export class Activities implements Disposable {
  readonly #parts: ActivityParts;
  readonly #ending = new AbortController();
  #work: StageWork | undefined;
  #checking: AbortController | undefined;
  #settling: AbortController | undefined;

  constructor(parts: ActivityParts) {
    this.#parts = parts;
  }

  /** What is known of the stage that is under way. */
  get measured() {
    return this.#work?.measured;
  }

  /** To be called after each change of the state. */
  reconcile(): void {
    const { phase, breakerOpen, pause } = this.#parts.state();
    if (phase !== 'probing') this.#endCheck();
    // What a person is to look at is settled by them.
    if (breakerOpen && isTrafficPhase(phase) && pause?.withdrawn !== true) this.#beginSettling();
    else this.#endSettling();
    if (phase === 'stage' || phase === 'baking') this.#beginWork();
    else this.#endWork();
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
    this.#endWork();
    this.#endCheck();
    this.#endSettling();
  }

  /** The comprehensive health check, from its beginning. */
  beginCheck(): void {
    this.#endCheck();
    // It may have been decided otherwise while that was being recorded.
    if (this.#parts.state().phase !== 'probing') return;
    this.#checking = new AbortController();
    void this.#check(this.#checking.signal);
  }

  /**
   * What was in the new version when its process ended, once more, alone. That it ends again while the old one answers
   * needs no error rate.
   */
  async replaySuspects(): Promise<void> {
    const { evaluation, state } = this.#parts;
    const suspects = evaluation.suspects.slice(0, MAX_REPLAYED);
    evaluation.suspects = [];
    for (const suspect of suspects) {
      if (this.#ending.signal.aborted || !canAnswer({ ...state(), breakerOpen: false })) return;
      const outcome = await evaluation.comparisons.replay(suspect, this.#ending.signal).catch(() => undefined);
      if (outcome?.new.failed !== true || outcome.old.failed || outcome.new.reply !== undefined) continue;
      this.#find('crash_loop', { reproduced: true, reason: outcome.new.reason ?? null });
      return;
    }
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { identity, services, versions, evaluation, fire, state, now } = this.#parts;
    const { config } = identity;
    let compared: Resident | undefined;
    try {
      const old = await this.#untilReady('old', signal);
      compared = old;
      const fresh = await this.#untilReady('new', signal);
      evaluation.comparisons.beginStage();
      const check = new ComprehensiveCheck({
        config,
        health: services.health,
        inputs: evaluation.inputs,
        comparisons: evaluation.comparisons,
        old,
        new: fresh,
        isInTime: (share) => now() - state().deadlineFrom < share * config.deadlinesMs.probing,
        onFinding: (finding, facts) => this.#find(finding, facts),
      });
      const facts = await check.run(signal);
      this.#checking = undefined;
      fire({ type: 'probes_passed', facts });
    } catch (error) {
      if (signal.aborted) return;
      // What it was to be compared with has gone meanwhile: that says nothing of it.
      const isOldGone = versions.ready('old') === undefined || versions.ready('old') !== compared;
      if (isOldGone) this.beginCheck();
      else this.#find('failed_probe', { detail: reasonOf(error) });
    }
  }

  /** After a restart, and after a crash, a version comes back by itself. */
  async #untilReady(arm: Arm, signal: AbortSignal): Promise<Resident> {
    const { versions, evaluation } = this.#parts;
    for (;;) {
      signal.throwIfAborted();
      const resident = versions.ready(arm);
      if (resident !== undefined) {
        versions.hold();
        return resident;
      }
      await evaluation.comparisons.retryLater(signal);
    }
  }

  #find(finding: Finding, facts: Facts): void {
    this.#parts.fire({ type: 'finding', finding, facts });
  }

  #beginSettling(): void {
    if (this.#settling !== undefined || this.#ending.signal.aborted) return;
    this.#settling = new AbortController();
    void this.#settle(this.#settling.signal);
  }

  /** Three failures in a row may be three bad requests: pairs find that out, while the new version has no traffic. */
  async #settle(signal: AbortSignal): Promise<void> {
    const { evaluation, state, fire, services } = this.#parts;
    const { comparisons, inputs } = evaluation;
    comparisons.goodInRow = 0;
    try {
      while (comparisons.goodInRow < PAIRS_UNTIL_CLOSED) {
        const input = inputs.nextMirrored() ?? inputs.next() ?? inputs.again();
        const outcome = input === undefined ? undefined : await comparisons.compare(input, signal);
        if (outcome === undefined) await comparisons.retryLater(signal);
        if (state().pause !== null) await comparisons.pause(PAUSE_BETWEEN_PAIRS_MS, signal);
      }
      evaluation.closeBreaker();
      fire({ type: 'breaker_closed', facts: { goodPairs: comparisons.goodInRow } });
    } catch (error) {
      if (!signal.aborted) services.logger.warn({ err: error }, 'pairs of an update could not be run');
    }
  }

  #beginWork(): void {
    if (this.#work !== undefined || this.#ending.signal.aborted) return;
    const { identity, services, evaluation, state, now, fire, isSettled } = this.#parts;
    const { book, comparisons, inputs, figures, saturation, live } = evaluation;
    this.#work = new StageWork({
      config: identity.config,
      clock: services.clock,
      now,
      state,
      book,
      comparisons,
      inputs,
      samples: () => figures.new.samples,
      probe: (signal) => this.#probeNew(signal),
      isOverdue: () => live.atNew.isOverdue || saturation.forMs > 0,
      isSettled,
      onTick: (measured) => {
        fire({ type: 'tick', measured });
        if (saturation.forMs > 0) fire({ type: 'saturated', forMs: saturation.forMs, facts: {} });
      },
    });
    this.#work.begin();
  }

  async #probeNew(signal: AbortSignal): Promise<boolean | undefined> {
    const resident = this.#parts.versions.ready('new');
    if (resident === undefined) return undefined;
    using lease = resident.lease();
    const { supervisor, files } = lease.loaded;
    const subject = { label: resident.label, supervisor, probesDir: files.probesDir };
    const health = await this.#parts.services.health.check(subject, signal);
    signal.throwIfAborted();
    resident.health = health;
    return health.status !== 'unhealthy';
  }

  #endWork(): void {
    this.#work?.[Symbol.dispose]();
    this.#work = undefined;
  }

  #endCheck(): void {
    this.#checking?.abort();
    this.#checking = undefined;
  }

  #endSettling(): void {
    this.#settling?.abort();
    this.#settling = undefined;
  }
}

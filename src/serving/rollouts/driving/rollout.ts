import type { VersionName } from '../../../core/model/version.ts';
import { nextDeadline } from '../../../core/rollout/deadlines.ts';
import type { Effect } from '../../../core/rollout/effects.ts';
import { replay } from '../../../core/rollout/evolve.ts';
import type { LogEntry } from '../../../core/rollout/log-entry.ts';
import type { RolloutEvent } from '../../../core/rollout/rollout-events.ts';
import { isTerminal, outcomeOf, type RolloutState } from '../../../core/rollout/rollout-state.ts';
import { createRollout, type Transition, transition } from '../../../core/rollout/transition.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { LiveUpdate } from '../../running/inference.ts';
import type { OnLost } from '../../running/loss.ts';
import type { InferReply, InferRequest } from '../../service.ts';
import { viewOf } from '../view-of.ts';
import type { RolloutView } from '../views.ts';
import { Activities } from './activities.ts';
import { EffectQueue } from './effect-queue.ts';
import { Evaluation } from './evaluation.ts';
import { EventLog } from './event-log.ts';
import type { RolloutIdentity } from './identity.ts';
import { isLast, type Recorded, RolloutRecorder, readProgress } from './rollout-recorder.ts';
import type { RolloutServices } from './rollout-services.ts';
import { type AvailabilityChange, UpdatedVersions } from './updated-versions.ts';
import { VersionMoves } from './version-moves.ts';

interface Begun extends Recorded {
  readonly state: RolloutState;
}

/** Made-up inputs of each start of the server are others. */
const SEEDS_PER_START = 100_000;

/** Drives one update: tells the machine what happens, and does what the machine wants. */
export class Rollout implements LiveUpdate {
  readonly identity: RolloutIdentity;
  readonly log: EventLog;
  readonly #services: RolloutServices;
  readonly #queue: EffectQueue;
  readonly #versions: UpdatedVersions;
  readonly #evaluation: Evaluation;
  readonly #activities: Activities;
  readonly #recorder: RolloutRecorder;
  readonly #moves: VersionMoves;
  #state: RolloutState;
  #deadlineTimer: Disposable | undefined;
  #isClosed = false;
  /** On the monotonic clock. */
  #weightSetAtMs = 0;

  private constructor(identity: RolloutIdentity, services: RolloutServices, begun: Begun) {
    this.identity = identity;
    this.#services = services;
    this.log = new EventLog(begun.entries);
    const { clock, logger, store, residency, onReleased } = services;
    this.#state = begun.state;
    const state = () => this.#state;
    const onChange = this.#noteAvailability.bind(this);
    const versions = new UpdatedVersions({ identity, residency, onReleased, onChange });
    const { evidence, starts } = readProgress(begun.progress);
    const evaluation = new Evaluation({
      identity,
      services,
      versions,
      state,
      evidence,
      firstSeed: starts * SEEDS_PER_START,
      onVerdict: (component, logShare) => this.fire({ type: 'verdict', component, logShare, facts: evaluation.facts }),
      onBreaker: (failuresInRow) => this.fire({ type: 'breaker_opened', facts: { failuresInRow } }),
    });
    const fire = (event: RolloutEvent) => void this.fire(event);
    const now = () => this.#now();
    this.#versions = versions;
    this.#evaluation = evaluation;
    const isSettled = () => this.#queue.isSettled;
    this.#activities = new Activities({ identity, services, versions, evaluation, state, now, fire, isSettled });
    const isClosed = () => this.#isClosed || this.isOver;
    const tell = (event: RolloutEvent) => this.fire(event);
    this.#moves = new VersionMoves({ identity, services, versions, state, fire: tell, isClosed });
    const { book, split } = evaluation;
    this.#recorder = new RolloutRecorder({ identity, store, clock, logger, book, starts: starts + 1 });
    this.#queue = new EffectQueue({
      clock,
      logger,
      label: `${identity.modelId} ${identity.oldVersion} → ${identity.newVersion}`,
      record: (entry) => this.#recorder.record(entry),
      setWeight: (effect) => {
        split.set(effect);
        this.#weightSetAtMs = clock.monotonicMs();
      },
      perform: (effect) => this.#perform(effect),
      onRecorded: (entry) => this.#noteRecorded(entry),
    });
    if (!this.isOver) versions.hold();
  }

  /** A new one. Resolves once it is recorded; rejects, and nothing has begun, where it can not be. */
  static async begin(identity: RolloutIdentity, services: RolloutServices): Promise<Rollout> {
    const created = createRollout(identity.config, services.now());
    const rollout = new Rollout(identity, services, { entries: [], progress: undefined, state: created.state });
    for (const effect of created.effects) if (effect.type === 'record') await rollout.#recordFirst(effect.entry);
    rollout.#queue.push(created.effects.filter(({ type }) => type !== 'record'));
    rollout.#follow();
    return rollout;
  }

  /** One that was recorded, as it was when it ended or the server did. Nothing goes on before `resume`. */
  static recall(identity: RolloutIdentity, services: RolloutServices, recorded: Recorded): Rollout {
    return new Rollout(identity, services, { ...recorded, state: replay(recorded.entries) });
  }

  /** Goes on after a restart of the server. What it wants begun waits until that is recorded; nobody else does. */
  resume(clean: boolean): void {
    // Not `#now`: the clock may have been set back since the last entry, and from here on the new time holds.
    const now = this.#services.now();
    const result = transition(this.#state, { type: 'server_restarted', clean }, now, this.identity.config);
    if (result.taken) this.#take(result);
  }

  get state(): RolloutState {
    return this.#state;
  }

  get isOver(): boolean {
    return isTerminal(this.#state);
  }

  /** Whether requests are to be drawn. */
  get splits(): boolean {
    return this.#evaluation.split.newPercent > 0;
  }

  /** Percent of the unpinned traffic. */
  weightOf(version: VersionName): number {
    const { newVersion, oldVersion } = this.identity;
    const { newPercent } = this.#evaluation.split;
    if (version === newVersion) return newPercent;
    return version === oldVersion ? 100 - newPercent : 0;
  }

  get view(): RolloutView {
    const { split, figures, book, comparisons, fallbacks } = this.#evaluation;
    return viewOf({
      identity: this.identity,
      state: this.#state,
      newPercent: split.newPercent,
      figures,
      logShares: book.logShares,
      comparisons,
      fallbacks,
      measured: this.#activities.measured,
      entries: this.log.entries,
      now: this.#now(),
    });
  }

  infer(request: InferRequest, startedAt: number): Promise<InferReply> {
    return this.#evaluation.live.infer(request, startedAt);
  }

  /** For requests that were not drawn, and run on a version that takes part. */
  watch(resident: Resident): OnLost | undefined {
    const arm = this.#versions.armOf(resident);
    return arm === undefined ? undefined : this.#evaluation.onLostOther(arm, 'retry');
  }

  /** Tells the machine what has happened. What it wants in return is begun, a weight of 0 before this returns. */
  fire(event: RolloutEvent): Transition {
    const { clock, logger } = this.#services;
    const fromMs = clock.monotonicMs();
    const had = this.#evaluation.split.newPercent;
    const result = transition(this.#state, event, this.#now(), this.identity.config);
    if (result.taken) this.#take(result);
    if (had > 0 && this.#evaluation.split.newPercent === 0) {
      // How long it took from what was heard until no request could be drawn for it any more: no disk, and no other turn.
      const facts = { rollout: this.identity.id, event: event.type, decisionMs: this.#weightSetAtMs - fromMs };
      logger.info(facts, 'the new version gets no more requests');
    }
    return result;
  }

  /** The server ends. Nothing is rolled back: it goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endActivities();
    this.log.close();
    if (!this.isOver) await this.#recorder.save();
    await this.#queue.close();
  }

  #take(result: Extract<Transition, { taken: true }>): void {
    this.#state = result.state;
    this.#queue.push(result.effects);
    this.#follow();
  }

  async #recordFirst(entry: LogEntry): Promise<void> {
    try {
      await this.#recorder.record(entry);
    } catch (error) {
      this.#isClosed = true;
      this.#endActivities();
      this.#versions.releaseAll();
      void this.#queue.close();
      throw error;
    }
    this.#noteRecorded(entry);
  }

  #follow(): void {
    if (this.#isClosed) return;
    this.#activities.reconcile();
    this.#armDeadline();
    if (!this.isOver) this.#recorder.begin();
  }

  #armDeadline(): void {
    this.#deadlineTimer?.[Symbol.dispose]();
    const next = nextDeadline(this.#state, this.identity.config);
    if (next === undefined || this.#isClosed) return;
    // A millisecond more, as the timer's clock and this one may be rounded apart.
    const delayMs = Math.max(0, next.at - this.#now()) + 1;
    this.#deadlineTimer = this.#services.clock.after(delayMs, () => {
      if (!this.fire({ type: 'deadline' }).taken) this.#armDeadline();
    });
  }

  #perform(effect: Exclude<Effect, { type: 'record' | 'set_weight' }>): void {
    switch (effect.type) {
      case 'admit':
        // Both versions were found to have room before the update was accepted; the load itself holds the memory.
        this.fire({ type: 'start' });
        break;
      case 'probe':
        this.#activities.beginCheck();
        break;
      case 'start_copy':
        // A copy begins with what is drawn from its stage on: each draw carries the furthest stage.
        break;
      case 'restart_evidence':
        this.#evaluation.book.restart();
        break;
      case 'settle_by_pairs':
        // An open breaker is state, and the activities follow the state.
        break;
      default:
        this.#moves.perform(effect);
    }
  }

  #noteAvailability(arm: Arm, change: AvailabilityChange, reason: string, crash: object | undefined): void {
    const facts = { reason };
    switch (change) {
      case 'crashed':
      case 'lost':
        if (crash !== undefined) this.#evaluation.crashes.ended(crash, arm);
        if (change === 'lost') this.fire({ type: arm === 'new' ? 'new_lost' : 'old_lost', facts });
        break;
      case 'ready':
        this.fire({ type: arm === 'new' ? 'new_ready' : 'old_ready', facts });
        if (arm === 'new') void this.#activities.replaySuspects();
        break;
      case 'failed':
        if (arm === 'new') this.fire({ type: 'finding', finding: 'crash_loop', facts });
        else void this.#moves.restoreOld();
        break;
    }
  }

  #noteRecorded(entry: LogEntry): void {
    const { hosting, logger, onEnded } = this.#services;
    const { modelId, oldVersion, newVersion, id } = this.identity;
    const { type, ...rest } = entry;
    logger.info({ model: modelId, from: oldVersion, to: newVersion, rollout: id, ...rest }, `update: ${type}`);
    if (isLast(entry)) {
      const outcome = outcomeOf(this.#state);
      if (outcome === 'completed' && !this.identity.config.dryRun) hosting.serve(this.identity);
      this.#endActivities();
      this.#versions.releaseAll();
      this.#evaluation.end();
      onEnded(this, outcome);
    }
    this.log.append(entry);
  }

  #endActivities(): void {
    this.#activities[Symbol.dispose]();
    this.#recorder[Symbol.dispose]();
    this.#deadlineTimer?.[Symbol.dispose]();
  }

  /** Epoch milliseconds that never run backwards while the server lives. */
  #now(): number {
    return Math.max(this.#state.at, this.#services.now());
  }
}

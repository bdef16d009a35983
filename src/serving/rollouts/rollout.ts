import type { AppError } from '../../core/errors.ts';
import type { ModelId } from '../../core/model/model-id.ts';
import type { VersionName } from '../../core/model/version.ts';
import { CLOSED_BREAKER, noteOutcome } from '../../core/rollout/breaker.ts';
import { nextDeadline } from '../../core/rollout/deadlines.ts';
import type { Effect } from '../../core/rollout/effects.ts';
import { resumedEvidence } from '../../core/rollout/evidence/evidence-record.ts';
import { replay } from '../../core/rollout/evolve.ts';
import type { Facts } from '../../core/rollout/facts.ts';
import type { LogEntry } from '../../core/rollout/log-entry.ts';
import type { Finding } from '../../core/rollout/reasons.ts';
import type { RolloutConfig } from '../../core/rollout/rollout-config.ts';
import type { RolloutEvent } from '../../core/rollout/rollout-events.ts';
import {
  canAnswer,
  isTerminal,
  isTrafficPhase,
  isUnderSuspicion,
  outcomeOf,
  type RolloutState,
} from '../../core/rollout/rollout-state.ts';
import { createRollout, type Transition, transition } from '../../core/rollout/transition.ts';
import type { Arm } from '../../core/traffic/assignment.ts';
import type { Resident } from '../lifecycle/resident.ts';
import { reasonOf } from '../reason.ts';
import type { LiveUpdate } from '../running/inference.ts';
import type { OnLost } from '../running/loss.ts';
import type { InferReply, InferRequest } from '../service.ts';
import { ArmFigures } from './arm-figures.ts';
import { Comparisons } from './comparisons.ts';
import { ComprehensiveCheck } from './comprehensive-check.ts';
import { CrashGroups } from './crash-groups.ts';
import { EffectQueue } from './effect-queue.ts';
import { EventLog } from './event-log.ts';
import { EvidenceBook } from './evidence-book.ts';
import { LiveRequests } from './live-requests.ts';
import { Mirror } from './mirror.ts';
import { PairInputs } from './pair-inputs.ts';
import { PairRuns } from './pair-runs.ts';
import { type RecordedRequest, recordable } from './recorded-requests.ts';
import type { RolloutServices } from './rollout-services.ts';
import { Saturation } from './saturation.ts';
import { StageWork } from './stage-work.ts';
import { TrafficSplit } from './traffic-split.ts';
import { viewOf } from './view-of.ts';
import type { RolloutView } from './views.ts';

/** What an update is, from its beginning to its end. */
export interface RolloutIdentity {
  readonly id: string;
  readonly modelId: ModelId;
  readonly oldVersion: VersionName;
  readonly newVersion: VersionName;
  readonly config: RolloutConfig;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Where an update stands that another start of the server began. */
export interface Recorded {
  readonly entries: readonly LogEntry[];
  readonly progress: Readonly<Record<string, unknown>> | undefined;
}

/** Pairs in a row without a failure of the new version alone, after which an open breaker closes. */
const PAIRS_UNTIL_CLOSED = 20;
const MAX_REPLAYED_SUSPECTS = 4;
const SETTLING_PAUSE_MS = 1000;
const SAVE_EVERY_MS = 5000;
/** Made-up inputs of each start of the server are others. */
const SEEDS_PER_START = 100_000;

/** Drives one update: tells the machine what happens, and does what the machine wants. */
export class Rollout implements LiveUpdate {
  readonly identity: RolloutIdentity;
  readonly log: EventLog;
  readonly #services: RolloutServices;
  readonly #queue: EffectQueue;
  readonly #split: TrafficSplit;
  readonly #book: EvidenceBook;
  readonly #crashes: CrashGroups;
  readonly #live: LiveRequests;
  readonly #comparisons: Comparisons;
  readonly #inputs: PairInputs;
  readonly #mirror: Mirror;
  readonly #saturation: Saturation;
  readonly #figures = { new: new ArmFigures(), old: new ArmFigures() };
  readonly #attached: Partial<Record<Arm, Resident>> = {};
  readonly #starts: number;
  #state: RolloutState;
  #lastAt = 0;
  #lastRequestAt = Number.NEGATIVE_INFINITY;
  #breaker = CLOSED_BREAKER;
  #fallbacks = { answered: 0, failed: 0 };
  #suspects: readonly RecordedRequest[] = [];
  #work: StageWork | undefined;
  #checking: AbortController | undefined;
  #settling: AbortController | undefined;
  #deadlineTimer: Disposable | undefined;
  #saveTimer: Disposable | undefined;
  #isClosed = false;

  private constructor(identity: RolloutIdentity, services: RolloutServices, recorded: Recorded | undefined) {
    this.identity = identity;
    this.#services = services;
    this.log = new EventLog(recorded?.entries);
    const { clock, logger, runs, recorded: requests, payloads, comparer, random } = services;
    const { id, modelId, config } = identity;
    const { evidence, starts } = progressOf(recorded?.progress);
    this.#starts = starts + 1;
    const residentOf = (arm: Arm) => this.#residentOf(arm);
    const stage = () => this.#state.furthestStage;
    this.#split = new TrafficSplit(id, random);
    this.#book = new EvidenceBook({
      config,
      clock,
      onVerdict: (component, logShare) => this.fire({ type: 'verdict', component, logShare, facts: this.#facts() }),
      ...(evidence === undefined ? {} : { evidence }),
    });
    this.#crashes = new CrashGroups({
      book: this.#book,
      clock,
      stage,
      onCrash: (arm, suspects) => {
        if (arm === 'new') this.#suspects = suspects.slice(0, MAX_REPLAYED_SUSPECTS);
      },
    });
    const old = () => residentOf('old');
    this.#inputs = new PairInputs({ modelId, recorded: requests, old, firstSeed: this.#starts * SEEDS_PER_START });
    if (evidence !== undefined) this.#inputs.exclude(evidence.pairs.used);
    this.#comparisons = new Comparisons({
      book: this.#book,
      inputs: this.#inputs,
      clock,
      stage,
      lastRequestAt: () => this.#lastRequestAt,
      runs: new PairRuns({
        payloads,
        clock,
        comparer,
        random,
        residentOf,
        countsNonFinite: () => this.#countsNonFinite,
        onLost: (arm) => this.#onLostOther(arm),
        onOldBusy: (ms) => this.#comparisons.noteOldBusy(ms),
      }),
    });
    this.#saturation = new Saturation(clock);
    this.#mirror = new Mirror(random);
    this.#live = new LiveRequests({
      split: this.#split,
      book: this.#book,
      crashes: this.#crashes,
      runs,
      clock,
      figures: this.#figures,
      residentOf,
      stage,
      isSuspected: () => isUnderSuspicion(this.#state),
      countsNonFinite: () => this.#countsNonFinite,
      onNewOutcome: (failed) => this.#noteNewOutcome(failed),
      onCrowded: () => this.#saturation.noteCrowded(),
      onDrawn: (request) => this.#noteDrawn(request),
      onFallback: (answered) => this.#noteFallback(answered),
    });
    this.#queue = new EffectQueue({
      clock,
      logger,
      label: `${modelId} ${identity.oldVersion} → ${identity.newVersion}`,
      record: (entry) => this.#record(entry),
      setWeight: (effect) => this.#split.set(effect),
      perform: (effect) => this.#perform(effect),
      onRecorded: (entry) => this.#noteRecorded(entry),
    });
    const created = recorded === undefined ? createRollout(config, this.#now()) : undefined;
    this.#state = created?.state ?? replay(recorded?.entries ?? []);
    this.#lastAt = this.#state.at;
    this.#attach();
    if (created?.taken === true) this.#take(created);
  }

  /** A new one. Resolves once it is recorded. */
  static async begin(identity: RolloutIdentity, services: RolloutServices): Promise<Rollout> {
    const rollout = new Rollout(identity, services, undefined);
    await rollout.#queue.settled();
    return rollout;
  }

  /** One that was recorded, as it was when it ended or the server did. Nothing goes on before `resume`. */
  static recorded(identity: RolloutIdentity, services: RolloutServices, recorded: Recorded): Rollout {
    return new Rollout(identity, services, recorded);
  }

  /** Goes on after a restart of the server. Resolves once that is recorded. */
  async resume(clean: boolean): Promise<void> {
    this.fire({ type: 'server_restarted', clean });
    await this.#queue.settled();
  }

  get state(): RolloutState {
    return this.#state;
  }

  get isOver(): boolean {
    return isTerminal(this.#state);
  }

  /** Whether requests are to be drawn. */
  get splits(): boolean {
    return this.#split.newPercent > 0;
  }

  /** Percent of the unpinned traffic. */
  weightOf(version: VersionName): number {
    const { newVersion, oldVersion } = this.identity;
    if (version === newVersion) return this.#split.newPercent;
    return version === oldVersion ? 100 - this.#split.newPercent : 0;
  }

  get view(): RolloutView {
    return viewOf({
      identity: this.identity,
      state: this.#state,
      newPercent: this.#split.newPercent,
      figures: this.#figures,
      logShares: this.#book.logShares,
      comparisons: this.#comparisons,
      fallbacks: this.#fallbacks,
      measured: this.#work?.measured,
      entries: this.log.entries,
      now: this.#now(),
    });
  }

  infer(request: InferRequest, startedAt: number): Promise<InferReply> {
    return this.#live.infer(request, startedAt);
  }

  /** For requests that were not drawn, and ran on a version that takes part. */
  watch(resident: Resident): OnLost | undefined {
    if (resident === this.#attached.new) return this.#onLostOther('new', 'retry');
    return resident === this.#attached.old ? this.#onLostOther('old', 'retry') : undefined;
  }

  /** Tells the machine what has happened. What it wants in return is begun, a weight of 0 before this returns. */
  fire(event: RolloutEvent): Transition {
    const result = transition(this.#state, event, this.#now(), this.identity.config);
    if (result.taken) this.#take(result);
    return result;
  }

  /** Something can not be held up any longer: the server ends. Nothing is rolled back, it goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWork();
    this.#deadlineTimer?.[Symbol.dispose]();
    this.#saveTimer?.[Symbol.dispose]();
    this.log.close();
    await this.#save();
    await this.#queue.close();
  }

  #take(result: Extract<Transition, { taken: true }>): void {
    this.#state = result.state;
    this.#lastAt = result.state.at;
    this.#queue.push(result.effects);
    this.#reconcile();
  }

  /** What runs in the background is what the state asks for. */
  #reconcile(): void {
    const { phase, breakerOpen, pause } = this.#state;
    if (phase !== 'probing') this.#endCheck();
    // What a person is to look at is settled by them.
    const isOpen = breakerOpen && isTrafficPhase(phase) && pause?.withdrawn !== true;
    if (isOpen) this.#beginSettling();
    else this.#endSettling();
    const isGated = phase === 'stage' || phase === 'baking';
    if (isGated) this.#beginWork();
    else this.#endWork();
    this.#armDeadline();
    if (this.#saveTimer === undefined && !this.isOver) this.#armSave();
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
      case 'load':
        void this.#load();
        break;
      case 'probe':
        void this.#probe();
        break;
      case 'start_copy':
        // A copy begins with what is drawn from its stage on: each draw carries the furthest stage.
        break;
      case 'restart_evidence':
        this.#book.restart();
        break;
      case 'settle_by_pairs':
        this.#beginSettling();
        break;
      case 'drain':
        void this.#drain(effect.arm);
        break;
      case 'cut_off':
        this.#services.hosting.cutOff(this.#residentOf(effect.arm));
        break;
      case 'restore_old':
        void this.#restoreOld();
        break;
      case 'keep_previous':
        this.#services.hosting.keepPrevious(this.#residentOf('old'), effect.forMs);
        break;
      case 'unload_new':
        void this.#unloadNew();
        break;
    }
  }

  async #load(): Promise<void> {
    const { hosting } = this.#services;
    try {
      const resident = await hosting.load(this.identity);
      if (this.#isClosed) return;
      this.#attach();
      const { loaded } = resident;
      this.fire({
        type: 'loaded',
        facts: { digest: loaded?.prepared.digest ?? null, loadTimeMs: loaded?.loadTimeMs ?? null },
      });
    } catch (error) {
      if (this.#isClosed) return;
      const finding = findingOfLoad(error);
      const facts = { reason: reasonOf(error) };
      if (finding === undefined) this.fire({ type: 'load_failed', facts });
      else this.fire({ type: 'finding', finding, facts });
    }
  }

  async #probe(): Promise<void> {
    this.#endCheck();
    const checking = new AbortController();
    this.#checking = checking;
    const { signal } = checking;
    try {
      const old = await this.#untilReady('old', signal);
      const fresh = await this.#untilReady('new', signal);
      this.#comparisons.beginStage();
      const check = new ComprehensiveCheck({
        config: this.identity.config,
        health: this.#services.health,
        inputs: this.#inputs,
        comparisons: this.#comparisons,
        old,
        new: fresh,
        onFinding: (finding, facts) => this.#find(finding, facts),
      });
      const facts = await check.run(signal);
      this.#checking = undefined;
      this.fire({ type: 'probes_passed', facts });
    } catch (error) {
      if (signal.aborted || this.#isClosed) return;
      this.#find('failed_probe', { detail: reasonOf(error) });
    }
  }

  /** After a restart, and after a crash, a version comes back by itself. */
  async #untilReady(arm: Arm, signal: AbortSignal): Promise<Resident> {
    for (;;) {
      signal.throwIfAborted();
      const resident = this.#residentOf(arm);
      if (resident?.state === 'ready' && resident.loaded?.supervisor.isRestarting === false) {
        this.#attach();
        return resident;
      }
      await this.#comparisons.retryLater(signal);
    }
  }

  #find(finding: Finding, facts: Facts): void {
    this.fire({ type: 'finding', finding, facts });
  }

  #beginSettling(): void {
    if (this.#settling !== undefined || this.#isClosed) return;
    this.#settling = new AbortController();
    void this.#settleByPairs(this.#settling.signal);
  }

  /** Three failures in a row may be three bad requests: pairs find that out, while the new version has no traffic. */
  async #settleByPairs(signal: AbortSignal): Promise<void> {
    this.#comparisons.goodInRow = 0;
    try {
      while (this.#comparisons.goodInRow < PAIRS_UNTIL_CLOSED) {
        const input = this.#inputs.nextMirrored() ?? this.#inputs.next() ?? this.#inputs.again();
        const outcome = input === undefined ? undefined : await this.#comparisons.compare(input, signal);
        if (outcome === undefined) await this.#comparisons.retryLater(signal);
        // A person is asked by now: there is no hurry.
        if (this.#state.pause !== null) await this.#comparisons.pause(SETTLING_PAUSE_MS, signal);
      }
      this.#breaker = CLOSED_BREAKER;
      this.fire({ type: 'breaker_closed', facts: { goodPairs: this.#comparisons.goodInRow } });
    } catch (error) {
      if (!signal.aborted) this.#services.logger.warn({ err: error }, 'pairs of an update could not be run');
    }
  }

  async #drain(arm: Arm): Promise<void> {
    const { hosting } = this.#services;
    if (arm === 'old') await hosting.recordServing(this.identity, 'new');
    await this.#residentOf(arm)?.idle();
    this.fire({ type: 'drained' });
  }

  async #restoreOld(): Promise<void> {
    const old = this.#residentOf('old');
    // A supervisor that has not given up brings it back itself, which is told.
    if (old?.state === 'ready' && old.loaded?.supervisor.failure === undefined) return;
    try {
      await this.#services.hosting.restore(this.identity);
      this.#attach();
      this.fire({ type: 'old_ready', facts: {} });
    } catch (error) {
      this.#services.logger.error({ err: error }, 'the version that served could not be loaded again');
      this.#services.clock.after(1000, () => {
        if (!this.#isClosed && !this.isOver && !this.#state.oldReady) void this.#restoreOld();
      });
    }
  }

  async #unloadNew(): Promise<void> {
    const { hosting } = this.#services;
    const resident = this.#residentOf('new');
    if (resident !== undefined) this.#detach('new');
    await hosting.unloadNew(this.identity, this.#state.rollbackReason);
    this.fire({ type: 'unloaded' });
  }

  /** Takes hold of the versions that are there: neither is evicted, and their ends are told. */
  #attach(): void {
    if (this.isOver) return;
    for (const arm of ['old', 'new'] as const) {
      const resident = this.#residentOf(arm);
      if (resident === undefined || resident === this.#attached[arm]) continue;
      this.#detach(arm);
      this.#attached[arm] = resident;
      resident.inUpdate = true;
      resident.onAvailability = (change, reason, crash) => this.#noteAvailability(arm, change, reason, crash);
    }
  }

  #detach(arm: Arm): void {
    const resident = this.#attached[arm];
    if (resident === undefined) return;
    resident.inUpdate = false;
    resident.onAvailability = undefined;
    this.#services.onReleased();
    delete this.#attached[arm];
  }

  #noteAvailability(arm: Arm, change: 'lost' | 'ready' | 'failed', reason: string, crash?: object): void {
    const facts = { reason };
    switch (change) {
      case 'lost':
        if (crash !== undefined) this.#crashes.ended(crash, arm);
        this.fire({ type: arm === 'new' ? 'new_lost' : 'old_lost', facts });
        break;
      case 'ready':
        this.fire({ type: arm === 'new' ? 'new_ready' : 'old_ready', facts });
        if (arm === 'new') void this.#replaySuspects();
        break;
      case 'failed':
        if (arm === 'new') this.#find('crash_loop', facts);
        else void this.#restoreOld();
        break;
    }
  }

  /**
   * What was in the new version when its process ended, once more, alone. That it ends again while the old one answers
   * needs no error rate.
   */
  async #replaySuspects(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    const { signal } = new AbortController();
    for (const suspect of suspects) {
      if (this.#isClosed || !canAnswer({ ...this.#state, breakerOpen: false })) return;
      const outcome = await this.#comparisons.replay(suspect, signal).catch(() => undefined);
      if (outcome?.new.failed !== true || outcome.old.failed || outcome.new.reply !== undefined) continue;
      this.#find('crash_loop', { reproduced: true, reason: outcome.new.reason ?? null });
      return;
    }
  }

  #onLostOther(arm: Arm, then: 'retry' | 'give_up' = 'give_up'): OnLost {
    return (loss) => {
      this.#crashes.lostOther(loss, arm);
      return then;
    };
  }

  #noteNewOutcome(failed: boolean): void {
    const before = this.#breaker.open;
    this.#breaker = noteOutcome(this.#breaker, failed);
    if (this.#breaker.open && !before) {
      this.fire({ type: 'breaker_opened', facts: { failuresInRow: this.#breaker.failuresInRow } });
    }
    if (failed) this.#mirror.noteFailure(this.#figures);
  }

  #noteDrawn(request: InferRequest): void {
    this.#lastRequestAt = this.#services.clock.monotonicMs();
    if (!this.#mirror.wants(this.#split.newPercent)) {
      if (this.#split.newPercent < 100) this.#services.recorded.note(request);
      return;
    }
    const copy = recordable(request);
    if (copy !== undefined) this.#inputs.mirror(copy);
  }

  #noteFallback(answered: boolean): void {
    if (answered) this.#fallbacks.answered += 1;
    else this.#fallbacks.failed += 1;
    this.#services.onFallback(answered);
  }

  get #countsNonFinite(): boolean {
    return !this.#comparisons.oldIsNotFinite;
  }

  #beginWork(): void {
    if (this.#work !== undefined || this.#isClosed) return;
    const { config } = this.identity;
    this.#work = new StageWork({
      config,
      clock: this.#services.clock,
      now: () => this.#now(),
      state: () => this.#state,
      book: this.#book,
      comparisons: this.#comparisons,
      inputs: this.#inputs,
      samples: () => this.#figures.new.samples,
      probe: (signal) => this.#probeNew(signal),
      onTick: (measured) => {
        this.fire({ type: 'tick', measured });
        const forMs = this.#saturation.forMs;
        if (forMs > 0) this.fire({ type: 'saturated', forMs, facts: {} });
      },
    });
    this.#work.begin();
  }

  async #probeNew(signal: AbortSignal): Promise<boolean | undefined> {
    const resident = this.#residentOf('new');
    if (resident?.state !== 'ready' || resident.loaded?.supervisor.isRestarting !== false) return undefined;
    using lease = resident.lease();
    const { supervisor, files } = lease.loaded;
    const subject = { label: resident.label, supervisor, probesDir: files.probesDir };
    const health = await this.#services.health.check(subject, signal);
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

  #stopWork(): void {
    this.#endWork();
    this.#endCheck();
    this.#endSettling();
  }

  async #record(entry: LogEntry): Promise<void> {
    const { store } = this.#services;
    const { id, modelId, oldVersion, newVersion, config, createdAt } = this.identity;
    const record = { sequence: entry.sequence, entry: { ...entry } };
    if (entry.type === 'created') {
      const settings = { config, ...this.#services.hosting.settingsOf(this.identity) };
      const rollout = { id, modelId, oldVersion, newVersion, config: settings, createdAt };
      await store.createRollout({ ...rollout, endedAt: undefined, progress: undefined }, record);
      return;
    }
    const ends = entry.type === 'entered' && (entry.phase === 'completed' || entry.phase === 'rolled_back');
    await store.appendRolloutEntry(id, record, ends ? entry.at : undefined);
  }

  #noteRecorded(entry: LogEntry): void {
    const { hosting, logger, onEnded } = this.#services;
    const { modelId, oldVersion, newVersion, id } = this.identity;
    const { type, ...rest } = entry;
    logger.info({ model: modelId, from: oldVersion, to: newVersion, rollout: id, ...rest }, `update: ${type}`);
    if (entry.type === 'entered' && (entry.phase === 'completed' || entry.phase === 'rolled_back')) {
      if (entry.phase === 'completed' && !this.identity.config.dryRun) hosting.serve(this.identity);
      this.#stopWork();
      this.#saveTimer?.[Symbol.dispose]();
      this.#detach('old');
      this.#detach('new');
      onEnded(this, outcomeOf(this.#state));
    }
    this.log.append(entry);
  }

  #armSave(): void {
    this.#saveTimer = this.#services.clock.after(SAVE_EVERY_MS, () => {
      void this.#save().finally(() => {
        if (!this.isOver && !this.#isClosed) this.#armSave();
      });
    });
  }

  /** Evidence that is not saved in time is lost, which leaves the test valid: it only takes longer. */
  async #save(): Promise<void> {
    if (this.isOver) return;
    const progress = { evidence: this.#book.record, starts: this.#starts };
    try {
      await this.#services.store.putRolloutProgress(this.identity.id, progress);
    } catch (error) {
      this.#services.logger.warn({ err: error }, 'the evidence of an update could not be saved');
    }
  }

  #residentOf(arm: Arm): Resident | undefined {
    const { modelId, oldVersion, newVersion } = this.identity;
    return this.#services.residency.find(modelId, arm === 'new' ? newVersion : oldVersion);
  }

  #facts(): Facts {
    const { new: fresh, old } = this.#figures;
    return {
      newSamples: fresh.samples,
      newFailures: fresh.failures,
      oldSamples: old.samples,
      oldFailures: old.failures,
      pairs: this.#comparisons.run,
      newOnlyFailedPairs: this.#comparisons.newOnlyFailed,
      oldOnlyFailedPairs: this.#comparisons.oldOnlyFailed,
      timedPairs: this.#comparisons.timed,
      fallbacks: this.#fallbacks.answered,
    };
  }

  /** Epoch milliseconds that never run backwards while the server lives. */
  #now(): number {
    return Math.max(this.#lastAt, this.#services.now());
  }
}

/** What a load that failed has found out about the version, where it has. */
function findingOfLoad(error: unknown): Finding | undefined {
  const { code, details } = (error ?? {}) as Partial<AppError>;
  if (code === 'insufficient_memory') return 'insufficient_memory';
  return details?.['probe'] === undefined ? undefined : 'failed_probe';
}

function progressOf(progress: Readonly<Record<string, unknown>> | undefined) {
  const starts = typeof progress?.['starts'] === 'number' ? progress['starts'] : 0;
  const recorded = progress?.['evidence'];
  return { starts, evidence: recorded === undefined ? undefined : resumedEvidence(recorded) };
}

import { CLOSED_BREAKER, noteOutcome } from '../../../core/rollout/breaker.ts';
import type { Evidence } from '../../../core/rollout/evidence/evidence.ts';
import type { Facts } from '../../../core/rollout/facts.ts';
import type { EvidenceComponent } from '../../../core/rollout/reasons.ts';
import { isUnderSuspicion, type RolloutState } from '../../../core/rollout/rollout-state.ts';
import type { Arm } from '../../../core/traffic/assignment.ts';
import type { OnLost } from '../../running/loss.ts';
import type { InferRequest } from '../../service.ts';
import { Comparisons } from '../comparing/comparisons.ts';
import { PairInputs } from '../comparing/pair-inputs.ts';
import { PairRuns } from '../comparing/pair-runs.ts';
import { type RecordedRequest, recordable } from '../comparing/recorded-requests.ts';
import { ArmFigures } from '../live/arm-figures.ts';
import { CrashGroups } from '../live/crash-groups.ts';
import { LiveRequests } from '../live/live-requests.ts';
import { Mirror } from '../live/mirror.ts';
import { Saturation } from '../live/saturation.ts';
import { TrafficSplit } from '../live/traffic-split.ts';
import { EvidenceBook } from './evidence-book.ts';
import type { RolloutIdentity } from './identity.ts';
import type { RolloutServices } from './rollout-services.ts';
import type { UpdatedVersions } from './updated-versions.ts';

interface EvaluationParts {
  readonly identity: RolloutIdentity;
  readonly services: RolloutServices;
  readonly versions: UpdatedVersions;
  readonly state: () => RolloutState;
  /** Evidence to go on with, after a restart. */
  readonly evidence: Evidence | undefined;
  /** Where the seeds of made-up requests begin. */
  readonly firstSeed: number;
  readonly onVerdict: (component: EvidenceComponent, logShare: number) => void;
  /** So many failures of the new version in a row, none between. */
  readonly onBreaker: (failuresInRow: number) => void;
}

/** Everything that is found out about the two versions: from live requests, from pairs, and from crashes. */
export class Evaluation {
  readonly split: TrafficSplit;
  readonly book: EvidenceBook;
  readonly crashes: CrashGroups;
  readonly inputs: PairInputs;
  readonly comparisons: Comparisons;
  readonly live: LiveRequests;
  readonly saturation: Saturation;
  readonly figures: Readonly<Record<Arm, ArmFigures>> = { new: new ArmFigures(), old: new ArmFigures() };
  readonly fallbacks = { answered: 0, failed: 0 };
  /** What was in the new version when its process ended, and has not been tried again. */
  suspects: readonly RecordedRequest[] = [];
  readonly #parts: EvaluationParts;
  readonly #mirror: Mirror;
  #breaker = CLOSED_BREAKER;
  #lastRequestAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: EvaluationParts) {
    this.#parts = parts;
    const { identity, services, onVerdict, evidence, firstSeed } = parts;
    const { clock, recorded, random } = services;
    const { config, modelId } = identity;
    this.split = new TrafficSplit(identity.id, random);
    this.book = new EvidenceBook({ config, clock, onVerdict, ...(evidence === undefined ? {} : { evidence }) });
    this.crashes = this.#openCrashes();
    this.inputs = new PairInputs({ modelId, recorded, old: () => parts.versions.of('old'), firstSeed });
    if (evidence !== undefined) this.inputs.exclude(evidence.pairs.used);
    this.comparisons = this.#openComparisons();
    this.saturation = new Saturation(clock);
    this.#mirror = new Mirror(random);
    this.live = this.#openLive();
  }

  /** Pairs settle whether it closes: failures from before do not count any more. */
  closeBreaker(): void {
    this.#breaker = CLOSED_BREAKER;
  }

  /** It is over: bodies of requests are not wanted any more. */
  end(): void {
    this.suspects = [];
    this.inputs.forget();
  }

  /** For requests that were not drawn: a crash under them is no evidence against whoever was drawn with them. */
  onLostOther(arm: Arm, then: 'retry' | 'give_up'): OnLost {
    return (loss) => {
      this.crashes.lostOther(loss, arm);
      return then;
    };
  }

  /** The numbers behind a verdict. */
  get facts(): Facts {
    const { new: fresh, old } = this.figures;
    const { run, newOnlyFailed, oldOnlyFailed, timed } = this.comparisons;
    return {
      newSamples: fresh.samples,
      newFailures: fresh.failures,
      oldSamples: old.samples,
      oldFailures: old.failures,
      pairs: run,
      newOnlyFailedPairs: newOnlyFailed,
      oldOnlyFailedPairs: oldOnlyFailed,
      timedPairs: timed,
      fallbacks: this.fallbacks.answered,
    };
  }

  #stage = (): number => this.#parts.state().furthestStage;

  /** Not where the old version gives such values too. */
  #countsNonFinite = (): boolean => !this.comparisons.oldIsNotFinite;

  #openCrashes(): CrashGroups {
    return new CrashGroups({
      book: this.book,
      clock: this.#parts.services.clock,
      stage: this.#stage,
      onCrash: (arm, suspects) => {
        if (arm === 'new') this.suspects = suspects;
      },
    });
  }

  #openComparisons(): Comparisons {
    const { services, versions } = this.#parts;
    const { payloads, clock, comparer, random } = services;
    const runs = new PairRuns({
      payloads,
      clock,
      comparer,
      random,
      residentOf: (arm) => versions.of(arm),
      countsNonFinite: this.#countsNonFinite,
      onLost: (arm) => this.onLostOther(arm, 'give_up'),
      onOldBusy: (ms) => this.comparisons.noteOldBusy(ms),
    });
    // Before the new version has any traffic, nothing is drawn, and clients want the old one all the same.
    const lastUsedAt = () => versions.of('old')?.lastUsedMs ?? Number.NEGATIVE_INFINITY;
    const lastRequestAt = () => Math.max(this.#lastRequestAtMs, lastUsedAt());
    return new Comparisons({ book: this.book, clock, runs, stage: this.#stage, lastRequestAt });
  }

  #openLive(): LiveRequests {
    const { services, versions, state } = this.#parts;
    return new LiveRequests({
      split: this.split,
      book: this.book,
      crashes: this.crashes,
      runs: services.runs,
      clock: services.clock,
      figures: this.figures,
      residentOf: (arm) => versions.of(arm),
      stage: this.#stage,
      isSuspected: () => isUnderSuspicion(state()),
      countsNonFinite: this.#countsNonFinite,
      onNewOutcome: (failed) => this.#noteNewOutcome(failed),
      onCrowded: () => this.saturation.noteCrowded(),
      onDrawn: (request) => this.#noteDrawn(request),
      onFallback: (answered) => this.#noteFallback(answered),
    });
  }

  #noteNewOutcome(failed: boolean): void {
    const before = this.#breaker.open;
    this.#breaker = noteOutcome(this.#breaker, failed);
    if (this.#breaker.open && !before) this.#parts.onBreaker(this.#breaker.failuresInRow);
    if (failed) this.#mirror.noteFailure(this.figures);
  }

  #noteDrawn(request: InferRequest): void {
    const { clock, recorded } = this.#parts.services;
    this.#lastRequestAtMs = clock.monotonicMs();
    if (!this.#mirror.wants(this.split.newPercent)) {
      recorded.note(request);
      return;
    }
    const copy = this.inputs.hasRoom ? recordable(request) : undefined;
    if (copy !== undefined) this.inputs.mirror(copy);
  }

  #noteFallback(answered: boolean): void {
    if (answered) this.fallbacks.answered += 1;
    else this.fallbacks.failed += 1;
    this.#parts.services.onFallback(answered);
  }
}

import type { StageMeasurements } from '../../../core/rollout/gate-report.ts';
import { EVIDENCE_HOLD } from '../../../core/rollout/gates.ts';
import type { RolloutConfig } from '../../../core/rollout/rollout-config.ts';
import type { RolloutState } from '../../../core/rollout/rollout-state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { PairInputs } from '../comparing/pair-inputs.ts';
import type { EvidenceBook } from './evidence-book.ts';

const TICK_MS = 100;
const PROBE_EVERY_MS = 1000;
const PROBE_EVERY_EXTENDED_MS = 510;
const KEPT_PROBES = 16;

interface WorkParts {
  readonly config: RolloutConfig;
  readonly clock: Clock;
  readonly now: () => number;
  readonly state: () => RolloutState;
  readonly book: EvidenceBook;
  readonly comparisons: Comparisons;
  readonly inputs: PairInputs;
  /** Live answers of the new version whose outcome is known, in all. */
  readonly samples: () => number;
  /** Whether the new version is well. Undefined where that can not be told now. */
  readonly probe: (signal: AbortSignal) => Promise<boolean | undefined>;
  /** Whether live requests wait at the new version for an answer that may never come. */
  readonly isOverdue: () => boolean;
  /** Whether all that was decided is durable, and done. */
  readonly isSettled: () => boolean;
  readonly onTick: (measured: StageMeasurements) => void;
}

/** What goes on while a stage, or the bake, lasts: probes, pairs, and the question whether it may end. */
export class StageWork implements Disposable {
  readonly #parts: WorkParts;
  readonly #ending = new AbortController();
  readonly #probes: { at: number; passed: boolean }[] = [];
  /** Since when what is counted counts: the state's own `since`. */
  #since = Number.NaN;
  #samplesBefore = 0;
  #unsettledTicks = 0;
  /** Since when it is at its weight, where the disk kept it from it for long. */
  #atWeightSince = Number.NEGATIVE_INFINITY;
  #timer: Disposable | undefined;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  begin(): void {
    this.#tick();
    void this.#forEver(() => this.#probeOnce());
    void this.#forEver(() => this.#pairOnce());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#ending.abort();
  }

  get measured(): StageMeasurements {
    const { book, comparisons, samples } = this.#parts;
    this.#noteStage();
    const { recorded, synthetic } = comparisons.counts;
    return {
      liveSamples: samples() - this.#samplesBefore,
      recordedPairs: recorded,
      syntheticPairs: synthetic,
      evidence: book.logShares,
      // What does not answer live requests is not well, whatever it makes of probes and pairs.
      probes: this.#parts.isOverdue() ? [] : this.#probes,
      agreement: comparisons.agreement,
    };
  }

  /** Each stage counts for itself. */
  #noteStage(): void {
    const { since } = this.#parts.state();
    if (since === this.#since) return;
    this.#since = since;
    this.#samplesBefore = this.#parts.samples();
    this.#parts.comparisons.beginStage();
  }

  #tick(): void {
    this.#parts.book.release();
    if (this.#isAtWeight()) this.#parts.onTick(this.measured);
    if (this.#ending.signal.aborted) return;
    this.#timer = this.#parts.clock.after(TICK_MS, () => this.#tick());
  }

  /** A stage that is decided on and waits for a full disk has begun for nobody: it is measured once it has its weight. */
  #isAtWeight(): boolean {
    const { isSettled, now, samples, comparisons, state, config } = this.#parts;
    if (!isSettled()) {
      this.#unsettledTicks += 1;
      return false;
    }
    if (this.#unsettledTicks > 1) {
      this.#noteStage();
      this.#atWeightSince = now();
      this.#samplesBefore = samples();
      comparisons.beginStage();
    }
    this.#unsettledTicks = 0;
    const { phase, stage } = state();
    const dwellMs = phase === 'baking' ? config.bakeMs : (config.stages[stage - 1]?.minDwellMs ?? 0);
    return now() - this.#atWeightSince >= dwellMs;
  }

  async #forEver(work: () => Promise<void>): Promise<void> {
    while (!this.#ending.signal.aborted) {
      // What it could not do now, it tries again.
      await work().catch(() => this.#parts.comparisons.retryLater(this.#ending.signal).catch(() => undefined));
    }
  }

  async #probeOnce(): Promise<void> {
    const { probe, now, comparisons } = this.#parts;
    const { signal } = this.#ending;
    const passed = await probe(signal);
    if (passed !== undefined) {
      this.#probes.push({ at: now(), passed });
      if (this.#probes.length > KEPT_PROBES) this.#probes.shift();
    }
    await comparisons.pause(this.#isExtended ? PROBE_EVERY_EXTENDED_MS : PROBE_EVERY_MS, signal);
  }

  /** The pairs that this stage needs, and those that were chosen out of the live traffic. */
  async #pairOnce(): Promise<void> {
    const { comparisons, inputs } = this.#parts;
    const { signal } = this.#ending;
    if (this.#isTimeSuspected()) {
      const request = inputs.again()?.request ?? inputs.forTimes(1)[0];
      if (request === undefined || !(await comparisons.time(request, signal))) await comparisons.retryLater(signal);
      return;
    }
    const mirrored = inputs.nextMirrored();
    const input = mirrored ?? (this.#needsPairs() ? inputs.next() : undefined);
    if (input === undefined) await comparisons.retryLater(signal);
    else if ((await comparisons.compare(input, signal)) === undefined) await comparisons.retryLater(signal);
  }

  /** Live times convict nobody: a suspicion of the new version's time only ends by timing it further. */
  #isTimeSuspected(): boolean {
    const { book, state } = this.#parts;
    const { newReady, breakerOpen } = state();
    const { cpu_time, wall_time } = book.logShares;
    return newReady && !breakerOpen && Math.max(cpu_time ?? -Infinity, wall_time ?? -Infinity) >= EVIDENCE_HOLD;
  }

  #needsPairs(): boolean {
    const { config, state, now } = this.#parts;
    const { phase, stage, since, newReady, breakerOpen } = state();
    const rung = config.stages[stage - 1];
    if (phase !== 'stage' || rung === undefined || !newReady || breakerOpen) return false;
    const { liveSamples, recordedPairs, syntheticPairs, agreement } = this.measured;
    const pairs = recordedPairs + syntheticPairs;
    if (rung.extended && (agreement?.pairs ?? 0) < config.agreementPairs && pairs < 2 * config.agreementPairs)
      return true;
    if (liveSamples + pairs >= rung.minSamples) return false;
    const elapsedMs = now() - since;
    return liveSamples === 0 || (elapsedMs * rung.minSamples) / liveSamples > config.liveSamplesMs;
  }

  get #isExtended(): boolean {
    const { config, state } = this.#parts;
    return config.stages[state().stage - 1]?.extended === true;
  }
}

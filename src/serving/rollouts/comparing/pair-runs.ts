import { AppError } from '../../../core/errors.ts';
import { needsAnotherRun, settledTimeMs } from '../../../core/rollout/evidence/timing-runs.ts';
import type { Arm, RandomSource } from '../../../core/traffic/assignment.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AnswerComparer, AnswerComparison } from '../../ports/comparison.ts';
import type { RunReply } from '../../ports/engine.ts';
import type { PayloadStore } from '../../ports/payload.ts';
import type { OnLost } from '../../running/loss.ts';
import { type FailedAttempt, failedAttempt } from '../live/outcome-of.ts';
import type { RecordedRequest } from './recorded-requests.ts';

/** The same for both versions: what takes longer is a failure of whichever it is. */
const PAIR_LIMIT_MS = 5000;
/** Behind everything that a client waits for. */
const LEAST_URGENT = 2 ** 32 - 1;

/** One half of a pair. */
export interface HalfPair {
  readonly failed: boolean;
  /** Why, in words; undefined of an answer that will do. */
  readonly reason: string | undefined;
  readonly isFinite: boolean;
  readonly reply: RunReply | undefined;
}

export interface PairOutcome {
  readonly new: HalfPair;
  readonly old: HalfPair;
  /** Where both answered, and the answers can be read. */
  readonly comparison: AnswerComparison | undefined;
}

/** Times of one input on both versions, in milliseconds. */
export interface TimedPair {
  readonly cpu: Readonly<Record<Arm, number>>;
  readonly wall: Readonly<Record<Arm, number>>;
}

interface PairParts {
  readonly payloads: PayloadStore;
  readonly clock: Clock;
  readonly comparer: AnswerComparer;
  readonly random: RandomSource;
  readonly residentOf: (arm: Arm) => Resident | undefined;
  readonly countsNonFinite: () => boolean;
  readonly onLost: (arm: Arm) => OnLost;
  /** Told how long the old version was kept busy, in milliseconds. */
  readonly onOldBusy: (ms: number) => void;
}

/** Gives both versions the same input, freshly run, in random order. */
export class PairRuns {
  readonly #parts: PairParts;

  constructor(parts: PairParts) {
    this.#parts = parts;
  }

  /** Undefined where nothing can be said of one of the two: it is away, or the server is too busy. */
  async compare(request: RecordedRequest, signal: AbortSignal): Promise<PairOutcome | undefined> {
    const halves = new Map<Arm, HalfPair>();
    for (const arm of this.#order()) {
      const half = await this.#half(arm, request, signal);
      if (half === undefined) return undefined;
      halves.set(arm, half);
    }
    const [fresh, old] = [halves.get('new'), halves.get('old')];
    if (fresh === undefined || old === undefined) return undefined;
    return { new: fresh, old, comparison: await this.#compare(old.reply, fresh.reply) };
  }

  /**
   * Times an input on both, each alone. Undefined where one of them does not answer it.
   */
  async time(request: RecordedRequest, signal: AbortSignal): Promise<TimedPair | undefined> {
    const cpu: Partial<Record<Arm, number>> = {};
    const wall: Partial<Record<Arm, number>> = {};
    for (const arm of this.#order()) {
      const cpuRuns: number[] = [];
      const wallRuns: number[] = [];
      while (needsAnotherRun(cpuRuns)) {
        const half = await this.#half(arm, request, signal);
        if (half?.reply?.observed === undefined) return undefined;
        cpuRuns.push(half.reply.observed.cpuMs);
        wallRuns.push(half.reply.timings.computeMs);
      }
      cpu[arm] = settledTimeMs(cpuRuns) ?? 0;
      wall[arm] = settledTimeMs(wallRuns) ?? 0;
    }
    return {
      cpu: { new: cpu.new ?? 0, old: cpu.old ?? 0 },
      wall: { new: wall.new ?? 0, old: wall.old ?? 0 },
    };
  }

  #order(): readonly Arm[] {
    return this.#parts.random() < 1 / 2 ? ['new', 'old'] : ['old', 'new'];
  }

  async #half(arm: Arm, request: RecordedRequest, signal: AbortSignal): Promise<HalfPair | undefined> {
    const { clock, onOldBusy } = this.#parts;
    let beganAt: number | undefined;
    try {
      const reply = await this.#run(arm, request, signal, () => {
        beganAt = clock.monotonicMs();
      });
      const finite = reply.observed?.isFinite !== false;
      const failed = !finite && this.#parts.countsNonFinite();
      return { failed, reason: failed ? 'a value is not finite' : undefined, isFinite: finite, reply };
    } catch (error) {
      signal.throwIfAborted();
      const attempt = failedAttempt(error);
      if (isNoFinding(attempt, beganAt !== undefined)) return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      return { failed: true, reason, isFinite: true, reply: undefined };
    } finally {
      // Not the time that it waited behind clients: nobody was kept from anything by that.
      if (arm === 'old' && beganAt !== undefined) onOldBusy(clock.monotonicMs() - beganAt);
    }
  }

  async #run(arm: Arm, request: RecordedRequest, signal: AbortSignal, onBegan: () => void): Promise<RunReply> {
    const { payloads, clock, residentOf, onLost } = this.#parts;
    const resident = residentOf(arm);
    if (resident === undefined) throw new AppError('not_ready', `The ${arm} version is away.`);
    using lease = resident.lease();
    using writer = payloads.open(request.body.byteLength);
    writer.write(request.body);
    using payload = writer.finish();
    const arrivedAtMs = clock.monotonicMs();
    return await lease.loaded.supervisor.run(
      {
        payload,
        headerLength: request.headerLength,
        contentEncoding: request.contentEncoding,
        acceptEncoding: undefined,
        arrivedAtMs,
        deadlineMs: arrivedAtMs + PAIR_LIMIT_MS,
        priority: LEAST_URGENT,
        alone: true,
        detached: true,
        signal,
        observe: true,
        onBegan,
      },
      onLost(arm),
    );
  }

  async #compare(old: RunReply | undefined, fresh: RunReply | undefined): Promise<AnswerComparison | undefined> {
    if (old === undefined || fresh === undefined) return undefined;
    try {
      return await this.#parts.comparer.compare(old, fresh);
    } catch {
      // What can not be read is not compared; whether the versions answer at all is known without.
      return undefined;
    }
  }
}

/** What depends on how busy the server is, or on the caller, says nothing of a version. */
function isNoFinding(attempt: FailedAttempt, began: boolean): boolean {
  switch (attempt) {
    case 'crowded':
    case 'away':
    case 'given_up':
      return true;
    case 'late':
      return !began;
    default:
      return false;
  }
}

import { AppError } from '../../../core/errors.ts';
import { computeLimitMs, isBadEvent, type Outcome } from '../../../core/rollout/evidence/bad-event.ts';
import type { Arm, Assignment } from '../../../core/traffic/assignment.ts';
import type { Resident } from '../../lifecycle/resident.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunReply } from '../../ports/engine.ts';
import { type LiveUpdate, replyOf } from '../../running/inference.ts';
import type { OnLost } from '../../running/loss.ts';
import type { VersionRuns } from '../../running/version-runs.ts';
import type { InferReply, InferRequest } from '../../service.ts';
import { recordable } from '../comparing/recorded-requests.ts';
import type { EvidenceBook } from '../driving/evidence-book.ts';
import type { ArmFigures } from './arm-figures.ts';
import type { CrashGroups, DrawnRequest } from './crash-groups.ts';
import { FallbackRoom } from './fallback-room.ts';
import { OpenAttempts } from './open-attempts.ts';
import { type FailedAttempt, failedAttempt, outcomeOf } from './outcome-of.ts';
import { SequenceRoutes } from './sequence-routes.ts';
import type { TrafficSplit } from './traffic-split.ts';

/** A version that computes for this share of a request's time is too slow, unless the old one nearly is too. */
const COMPUTE_SHARE = 0.25;
/** Of what is left of a request's time, for the new version; the rest is the old one's, should it be needed. */
const ATTEMPT_SHARE = 0.5;

interface LiveParts {
  readonly split: TrafficSplit;
  readonly book: EvidenceBook;
  readonly crashes: CrashGroups;
  readonly runs: VersionRuns;
  readonly clock: Clock;
  readonly figures: Readonly<Record<Arm, ArmFigures>>;
  readonly residentOf: (arm: Arm) => Resident | undefined;
  readonly stage: () => number;
  /** Whether all requests that the new version fails are to be answered by the old one, whatever it costs. */
  readonly isSuspected: () => boolean;
  /** Whether values that are not finite are a failure: not where the old version gives them too. */
  readonly countsNonFinite: () => boolean;
  /** Told of each outcome of the new version in the order in which they become known. */
  readonly onNewOutcome: (failed: boolean) => void;
  /** The new version had no room for a request, or did not get to it in time. */
  readonly onCrowded: () => void;
  /** Told of each request that was drawn: it may be wanted for a pair, before anything is known of it. */
  readonly onDrawn: (request: InferRequest) => void;
  readonly onFallback: (answered: boolean) => void;
}

/** A request while it is being answered. */
interface Drawn {
  readonly request: InferRequest;
  readonly startedAt: number;
  readonly deadlineMs: number;
  readonly assignment: Assignment;
  readonly limitMs: number;
  order: number;
  /** When its run on the version that was drawn began, on the monotonic clock. */
  beganAt: number | undefined;
  /** It was in the process when that crashed. */
  isSuspect: boolean;
}

/** Live requests of a model that is being updated: draws who answers, and has the old version answer for the new one. */
export class LiveRequests implements LiveUpdate {
  readonly #parts: LiveParts;
  readonly #room: FallbackRoom;
  readonly #routes: SequenceRoutes;
  /** What the new version has of them. */
  readonly atNew: OpenAttempts;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#routes = new SequenceRoutes(parts);
    this.#room = new FallbackRoom(parts.clock, parts.isSuspected);
    this.atNew = new OpenAttempts(parts.clock, () => parts.figures.old.p99Ms(1));
  }

  async infer(request: InferRequest, startedAt: number): Promise<InferReply> {
    this.#room.noteRequest();
    const drawn = this.#draw(request, startedAt);
    return drawn.assignment.arm === 'old' ? this.#onOld(drawn) : this.#onNew(drawn);
  }

  #draw(request: InferRequest, startedAt: number): Drawn {
    const { book, stage, onDrawn } = this.#parts;
    const assignment = this.#routes.draw(request);
    const deadlineMs = this.#deadline(request, startedAt);
    const limitMs = computeLimitMs({
      deadlineMs: deadlineMs - startedAt,
      share: COMPUTE_SHARE,
      oldP99Ms: this.#parts.figures.old.p99Ms(1),
    });
    const drawn: Drawn = {
      request,
      startedAt,
      deadlineMs,
      assignment,
      limitMs,
      order: -1,
      beganAt: undefined,
      isSuspect: false,
    };
    drawn.order = book.admit(assignment, stage(), deadlineMs, () => this.#age(drawn));
    onDrawn(request);
    return drawn;
  }

  /** Of whichever version is there: both have a default, and the request's own mostly is shorter. */
  #deadline(request: InferRequest, startedAt: number): number {
    const { runs, residentOf } = this.#parts;
    const any = residentOf('old') ?? residentOf('new');
    return any === undefined ? startedAt : runs.deadlineOf(any, request, startedAt);
  }

  async #onOld(drawn: Drawn): Promise<InferReply> {
    try {
      const { resident, reply } = await this.#attempt('old', drawn, drawn.deadlineMs);
      this.#settleAnswer(drawn, reply);
      return replyOf(resident, reply);
    } catch (error) {
      const attempt = failedAttempt(error);
      if (attempt === 'refused') void this.#askNew(drawn);
      else this.#settleFailure(drawn, attempt);
      const answer = attempt === 'away' ? await this.#insteadOfOld(drawn) : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** The old version is away for good, and the new one has its traffic: then it answers what the old one left, too. */
  async #insteadOfOld({ request, startedAt, deadlineMs }: Drawn): Promise<InferReply | undefined> {
    const { residentOf, runs, crashes, split } = this.#parts;
    const fresh = residentOf('new');
    if (fresh?.state !== 'ready' || split.newPercent === 0) return undefined;
    const onLost: OnLost = (loss) => {
      crashes.lostOther(loss, 'new');
      return 'retry';
    };
    return runs.run(fresh, request, { startedAt, deadlineMs, onLost }).then(
      (reply) => replyOf(fresh, reply),
      () => undefined,
    );
  }

  async #onNew(drawn: Drawn): Promise<InferReply> {
    const now = this.#parts.clock.monotonicMs();
    let reply: InferReply;
    // The old version has not the state that a request of a sequence goes on from: it can not answer instead.
    const share = this.#routes.isStateful ? 1 : ATTEMPT_SHARE;
    this.atNew.add(drawn);
    try {
      const attempt = await this.#attempt('new', drawn, now + share * (drawn.deadlineMs - now));
      reply = replyOf(attempt.resident, attempt.reply);
      if (this.#settleAnswer(drawn, attempt.reply)) return reply;
    } catch (error) {
      this.atNew.delete(drawn);
      return await this.#afterFailure(drawn, error);
    } finally {
      this.atNew.delete(drawn);
    }
    // Not finite: the old version may know better; if it does not, this is what there is.
    return (await this.#fallBack(drawn).catch(() => undefined)) ?? reply;
  }

  async #afterFailure(drawn: Drawn, error: unknown): Promise<InferReply> {
    const attempt = failedAttempt(error);
    if (attempt !== 'refused') this.#settleFailure(drawn, attempt);
    if (attempt === 'request' || attempt === 'given_up') throw error;
    if (attempt === 'late') this.#room.noteLate(drawn.startedAt);
    if (attempt === 'crowded' || (attempt === 'late' && drawn.beganAt === undefined)) this.#parts.onCrowded();
    let answer: InferReply | undefined;
    try {
      answer = await this.#fallBack(drawn);
    } catch (second) {
      const isRefusedByBoth = attempt === 'refused' && failedAttempt(second) === 'refused';
      if (attempt === 'refused')
        this.#settle(drawn, isRefusedByBoth ? { kind: 'refused_by_both' } : this.#unknown(drawn));
      throw isRefusedByBoth || failedAttempt(second) === 'given_up' ? second : error;
    }
    if (attempt === 'refused') this.#settle(drawn, answer === undefined ? this.#unknown(drawn) : { kind: 'failed' });
    if (answer === undefined) throw error;
    return answer;
  }

  /** Undefined where the old version has no room, is not there, or could not go on with a sequence. */
  async #fallBack(drawn: Drawn): Promise<InferReply | undefined> {
    if (this.#routes.isStateful) return undefined;
    const { residentOf, runs, crashes, onFallback } = this.#parts;
    const old = residentOf('old');
    const replaced = residentOf('new');
    if (old?.state !== 'ready' || !this.#room.take()) {
      onFallback(false);
      return undefined;
    }
    const onLost: OnLost = (loss) => {
      crashes.lostOther(loss, 'old');
      return 'retry';
    };
    try {
      const { request, startedAt, deadlineMs } = drawn;
      const countedFromMs = this.#parts.clock.monotonicMs();
      const manner = { startedAt, deadlineMs, countedFromMs, alone: drawn.isSuspect, onLost };
      const reply = await runs.run(old, request, manner);
      onFallback(true);
      return { ...replyOf(old, reply), ...(replaced === undefined ? {} : { fallbackFrom: replaced.version }) };
    } catch (error) {
      onFallback(false);
      throw error;
    }
  }

  async #attempt(arm: Arm, drawn: Drawn, deadlineMs: number): Promise<{ resident: Resident; reply: RunReply }> {
    const { residentOf, runs, clock, crashes } = this.#parts;
    const resident = residentOf(arm);
    const member: DrawnRequest = { arm, order: drawn.order, recorded: undefined };
    const onLost: OnLost = (loss) => {
      if (loss.began) drawn.isSuspect = true;
      crashes.lostDrawn(loss, loss.began ? { ...member, recorded: recordable(drawn.request) } : member);
      return arm === 'new' && !this.#routes.isStateful ? 'give_up' : 'retry';
    };
    const onBegan = () => {
      drawn.beganAt = clock.monotonicMs();
    };
    if (resident === undefined)
      throw new AppError('not_ready', 'No version of the model is there.', { retryAfterS: 1 });
    const { request, startedAt } = drawn;
    const reply = await runs.run(resident, request, { startedAt, deadlineMs, observe: true, onBegan, onLost });
    return { resident, reply };
  }

  /** What the old version refused, for the evidence alone: if the new one takes it, that speaks for the new one. */
  async #askNew(drawn: Drawn): Promise<void> {
    const resident = this.#parts.residentOf('new');
    if (resident?.state !== 'ready' || !this.#room.take()) {
      this.#settle(drawn, this.#unknown(drawn));
      return;
    }
    using payload = drawn.request.payload.retain();
    const onLost: OnLost = (loss) => {
      this.#parts.crashes.lostOther(loss, 'new');
      return 'give_up';
    };
    try {
      const { startedAt, deadlineMs } = drawn;
      await this.#parts.runs.run(
        resident,
        { ...drawn.request, payload, signal: undefined },
        { startedAt, deadlineMs, detached: true, onLost },
      );
      this.#settle(drawn, { kind: 'failed' });
    } catch (error) {
      const bothRefuse = failedAttempt(error) === 'refused';
      this.#settle(drawn, bothRefuse ? { kind: 'refused_by_both' } : this.#unknown(drawn));
    }
  }

  /** @returns whether the answer is good enough for the client */
  #settleAnswer(drawn: Drawn, reply: RunReply): boolean {
    const { arm } = drawn.assignment;
    const isGood = !this.#parts.countsNonFinite() || reply.observed?.isFinite !== false;
    const { computeMs } = reply.timings;
    if (arm === 'new') this.#room.noteNewAnswered();
    this.#parts.figures[arm].answered(computeMs, reply.batchSize);
    const oldP99Ms = this.#parts.figures.old.p99Ms(reply.batchSize);
    const deadlineMs = drawn.deadlineMs - drawn.startedAt;
    const limitMs = computeLimitMs({ deadlineMs, share: COMPUTE_SHARE, oldP99Ms });
    this.#settle(drawn, { kind: 'answered', isFinite: isGood, computeMs, limitMs });
    return isGood;
  }

  #settleFailure(drawn: Drawn, attempt: FailedAttempt): void {
    const outcome = outcomeOf(attempt, this.#age(drawn));
    if (outcome !== undefined) this.#settle(drawn, outcome);
    else this.#note(drawn, true);
    // What it had not begun with waited for its turn: that is crowding, and no failure.
    const hadItsTurn = attempt === 'late' && drawn.beganAt !== undefined;
    if (drawn.assignment.arm === 'new' && hadItsTurn) this.#parts.onNewOutcome(true);
  }

  #settle(drawn: Drawn, outcome: Outcome): void {
    this.#parts.book.settle(drawn.order, outcome);
    if (outcome.kind === 'censored' || outcome.kind === 'refused_by_both') return;
    this.#note(drawn, isBadEvent(outcome, false));
  }

  #note({ assignment: { arm } }: Drawn, failed: boolean): void {
    const figures = this.#parts.figures[arm];
    figures.samples += 1;
    if (failed) figures.failures += 1;
    if (arm === 'new') this.#parts.onNewOutcome(failed);
  }

  #unknown({ limitMs }: Drawn): Outcome {
    return { kind: 'censored', computeMs: 0, limitMs };
  }

  #age({ beganAt, limitMs }: Drawn): { computeMs: number; limitMs: number } {
    return { computeMs: beganAt === undefined ? 0 : this.#parts.clock.monotonicMs() - beganAt, limitMs };
  }
}

import { AppError } from '../../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, Runner, RunnerExit, RunnerSpec, RunReply, RunRequest } from '../ports/engine.ts';
import { RunnerLost } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import { CRASH_WINDOW_MS, CRASHES_UNTIL_FAILED, type Crash, CrashHistory } from './crash-history.ts';
import { describeExit, describeHang } from './describe-exit.ts';
import { EarliestTimer } from './earliest-timer.ts';
import type { OnLost } from './loss.ts';
import { crashedByRequest, deadlineExceeded, hasFailed, lostInCrash, lostInWaiting } from './refusals.ts';
import { startWithin } from './start-within.ts';
import { Ticket } from './ticket.ts';
import { TicketQueue } from './ticket-queue.ts';

export interface SupervisorContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hangLimitMs: number;
}

export type FreshRunner = 'restarted' | 'recycled';

export interface Supervised {
  readonly spec: RunnerSpec;
  /** How long a fresh runner may take to be ready. */
  readonly startLimitMs: number;
  /** Requests that may be outstanding at once. */
  readonly maxQueueLength: number;
  /** A runner ended unasked. Told once for each, before any request that was lost with it is. */
  readonly onLost: (exit: RunnerExit, reason: string, crash: object) => void;
  /** A fresh runner has taken the place of one that ended unasked, or was recycled. */
  readonly onFresh: (why: FreshRunner) => void;
  /** Crash loop: nothing will be run any more. */
  readonly onFailed: (reason: string) => void;
}

/**
 * Owns the runner of one version, and outlives it: a runner that ends unasked is replaced, and what it had not
 * answered is run again. A request is answered once, at its deadline at the latest.
 */
export class Supervisor {
  readonly #context: SupervisorContext;
  readonly #supervised: Supervised;
  readonly #label: string;
  /** Undefined while there is none: a fresh one is being started, or the end has come. */
  #runner: Runner | undefined;
  readonly #tickets: TicketQueue;
  readonly #timer: EarliestTimer;
  readonly #crashes = new CrashHistory();
  readonly #losses = new WeakMap<Runner, Crash>();
  readonly #hung = new WeakSet<Runner>();
  /** Ended on purpose while the version goes on. */
  readonly #replaced = new WeakSet<Runner>();
  readonly #stopStarting = new AbortController();
  #nextStart: Disposable | undefined;
  #starting: Promise<void> = Promise.resolve();
  /** Why nothing is run any more. */
  #closed: (() => AppError) | undefined;
  #failure: string | undefined;
  #lastExit: string | undefined;

  /** @param runner loaded and warmed up; from now on it is the supervisor's */
  constructor(context: SupervisorContext, supervised: Supervised, runner: Runner) {
    this.#context = context;
    this.#supervised = supervised;
    this.#label = `${supervised.spec.modelId}@${supervised.spec.version}`;
    this.#tickets = new TicketQueue(this.#label, supervised.maxQueueLength);
    this.#timer = new EarliestTimer(context.clock, () => this.#sweep());
    this.#adopt(runner);
  }

  /** Undefined while a fresh one is being started, and after the end. */
  get runner(): Runner | undefined {
    return this.#runner;
  }

  get isRestarting(): boolean {
    return this.#runner === undefined && this.#closed === undefined;
  }

  /** Why it gave up, after a crash loop. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** How the last runner that ended unasked did so. */
  get lastExit(): string | undefined {
    return this.#lastExit;
  }

  /** Ends of runners within the last minute that no request was proven to have caused. */
  get recentCrashes(): number {
    return this.#crashes.count(this.#context.clock.monotonicMs());
  }

  /**
   * Rejects with AppError: what the runner says of the request, `queue_full`, `deadline_exceeded` at the deadline,
   * `model_crashed` when the request ended two runners, `not_ready` after the end; `model_crashed` or `not_ready` when
   * it was given up.
   *
   * @param onLost asked each time that the request's runner ended before it answered, also where the request has been
   *   answered meanwhile (at its deadline): then the verdict changes nothing
   */
  run(request: RunRequest, onLost?: OnLost): Promise<RunReply> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed());
    const ticket = new Ticket(request, onLost);
    const refusal = this.#tickets.add(ticket, request.arrivedAtMs);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#timer.armBy(request.deadlineMs);
    if (this.#runner !== undefined) void this.#attempt(ticket, this.#runner);
    return ticket.answer;
  }

  /** Answers everything outstanding, and everything to come, with this error. The first reason stays. */
  refuse(reason: () => AppError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#timer[Symbol.dispose]();
    this.#nextStart?.[Symbol.dispose]();
    this.#stopStarting.abort();
    for (const ticket of this.#tickets) ticket.fail(reason());
    this.#tickets.clear();
  }

  /** Replaces the runner by a fresh one; requests that come meanwhile wait for it. False, and nothing, unless it is idle. */
  recycle(): boolean {
    const runner = this.#runner;
    if (runner === undefined || this.#closed !== undefined || this.#tickets.size > 0) return false;
    this.#runner = undefined;
    this.#replaced.add(runner);
    this.#starting = this.#release(runner).then(() => this.#startFresh('recycled'));
    return true;
  }

  /** Ends the runner. What is still outstanding is refused. */
  async stop(): Promise<void> {
    this.refuse(() => new AppError('not_ready', `${this.#label} was unloaded.`));
    await this.#starting;
    const runner = this.#runner;
    this.#runner = undefined;
    await runner?.[Symbol.asyncDispose]();
  }

  async #attempt(ticket: Ticket, runner: Runner): Promise<void> {
    ticket.runner = runner;
    try {
      const reply = await runner.run(ticket.request);
      this.#tickets.delete(ticket);
      if (!ticket.answered) ticket.succeed(reply);
    } catch (error) {
      if (error instanceof RunnerLost) this.#lostWith(ticket, runner, error);
      else this.#failTicket(ticket, error);
    }
  }

  #failTicket(ticket: Ticket, error: unknown): void {
    this.#tickets.delete(ticket);
    if (!ticket.answered) ticket.fail(error);
  }

  /** Decides what becomes of a request whose runner ended before it answered. */
  #lostWith(ticket: Ticket, runner: Runner, lost: RunnerLost): void {
    const crash = this.#noticeLoss(runner, lost.exit);
    ticket.runner = undefined;
    const { began, exit } = lost;
    // What is refused since the end is no loss that anybody has to judge.
    const verdict = this.#closed === undefined ? ticket.lose({ began, crash, exit }) : 'give_up';
    if (began && ticket.request.alone) {
      crash.attributed = true;
      const isFirst = ticket.suspectedIn === undefined;
      if (ticket.suspectedIn !== undefined) ticket.suspectedIn.attributed = true;
      this.#failTicket(ticket, isFirst ? lostInCrash(exit) : crashedByRequest(exit));
      return;
    }
    if (ticket.answered) {
      this.#tickets.delete(ticket);
      return;
    }
    if (ticket.request.signal?.aborted === true) {
      this.#failTicket(ticket, new AppError('request_cancelled', 'The caller gave the request up.'));
      return;
    }
    if (verdict === 'give_up') {
      this.#failTicket(ticket, began ? lostInCrash(exit) : lostInWaiting(this.#label, exit));
      return;
    }
    if (began) {
      ticket.suspectedIn = crash;
      ticket.request = { ...ticket.request, alone: true };
    }
    // Where a fresh runner is there already; otherwise the next one takes everything that waits.
    if (this.#runner !== undefined) void this.#attempt(ticket, this.#runner);
  }

  /** Both the lost requests and the runner itself tell of its end, in any order; the first to tell counts. */
  #noticeLoss(runner: Runner, exit: RunnerExit): Crash {
    const known = this.#losses.get(runner);
    if (known !== undefined) return known;
    const reason = this.#hung.has(runner) ? describeHang(exit) : describeExit(exit);
    const crash = this.#crashes.record(this.#context.clock.monotonicMs(), reason);
    this.#losses.set(runner, crash);
    this.#lastExit = reason;
    if (this.#closed !== undefined) return crash;
    this.#context.logger.warn({ model: this.#label, pid: runner.pid, reason }, 'runner ended unasked');
    if (this.#runner === runner) this.#runner = undefined;
    void this.#release(runner);
    // Not at once: what else was lost with it first gets to tell whether a request is to blame.
    this.#nextStart = this.#context.clock.after(0, () => this.#recover(crash));
    this.#supervised.onLost(exit, reason, crash);
    return crash;
  }

  async #release(runner: Runner): Promise<void> {
    try {
      await runner[Symbol.asyncDispose]();
    } catch (error) {
      this.#context.logger.warn({ model: this.#label, err: error }, 'could not clean up after a runner');
    }
  }

  #recover(crash: Crash): void {
    const now = this.#context.clock.monotonicMs();
    if (this.#crashes.isLooping(now)) {
      this.#giveUp(crash);
      return;
    }
    const delayMs = this.#crashes.delayMs(now);
    const start = () => {
      this.#starting = this.#startFresh('restarted');
    };
    if (delayMs === 0) start();
    else this.#nextStart = this.#context.clock.after(delayMs, start);
  }

  async #startFresh(why: FreshRunner): Promise<void> {
    try {
      const { spec, startLimitMs } = this.#supervised;
      const runner = await startWithin(this.#context, spec, startLimitMs, this.#stopStarting.signal);
      this.#adopt(runner);
      if (this.#closed !== undefined) return;
      this.#supervised.onFresh(why);
      for (const ticket of this.#tickets) if (ticket.runner === undefined) void this.#attempt(ticket, runner);
    } catch (error) {
      if (this.#closed !== undefined) return;
      const reason = `it could not be started again: ${error instanceof Error ? error.message : String(error)}`;
      this.#context.logger.warn({ model: this.#label, err: error }, 'runner could not be started again');
      this.#recover(this.#crashes.record(this.#context.clock.monotonicMs(), reason));
    }
  }

  #adopt(runner: Runner): void {
    this.#runner = runner;
    void runner.exited.then((exit) => {
      if (!this.#replaced.has(runner)) this.#noticeLoss(runner, exit);
    });
  }

  #giveUp(last: Crash): void {
    const reason = `its runner ended ${CRASHES_UNTIL_FAILED} times within ${CRASH_WINDOW_MS / 1000} s, at last: ${last.reason}`;
    this.refuse(() => hasFailed(this.#supervised.spec, reason));
    this.#failure = reason;
    this.#supervised.onFailed(reason);
  }

  /** Answers what is past its deadline, and kills a runner that owes an answer for too long. */
  #sweep(): void {
    const now = this.#context.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const ticket of this.#tickets) {
      const { deadlineMs } = ticket.request;
      if (now < deadlineMs) {
        next = Math.min(next, deadlineMs);
        continue;
      }
      if (!ticket.answered) ticket.fail(deadlineExceeded());
      if (ticket.runner === undefined) this.#tickets.delete(ticket);
    }
    const hungAt = (this.#runner?.owesSinceMs() ?? Number.POSITIVE_INFINITY) + this.#context.hangLimitMs;
    if (now >= hungAt) this.#killHung();
    else next = Math.min(next, hungAt);
    this.#timer.armBy(next);
  }

  /** What it owed is answered, or run again, when its end is noticed. */
  #killHung(): void {
    const runner = this.#runner;
    if (runner === undefined || this.#hung.has(runner)) return;
    this.#hung.add(runner);
    runner.kill();
  }
}

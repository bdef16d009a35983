import { AppError } from '../../core/errors.ts';
import type { ThreadsFrom } from '../../core/model/intra-op-threads.ts';
import type { Runner, RunnerExit, RunnerSpec, RunReply, RunRequest } from '../ports/engine.ts';
import { RunnerLost } from '../ports/engine.ts';
import { CRASH_WINDOW_MS, CRASHES_UNTIL_FAILED, type Crash } from './crash-history.ts';
import { Dispatch } from './dispatch.ts';
import { EarliestTimer } from './earliest-timer.ts';
import { type FreshRunner, Instance, type SupervisorContext } from './instance.ts';
import type { OnLost } from './loss.ts';
import { crashedByRequest, deadlineExceeded, hasFailed, lostInCrash, lostInWaiting } from './refusals.ts';
import type { ThreadShare } from './thread-shares.ts';
import { Ticket } from './ticket.ts';
import { TicketQueue } from './ticket-queue.ts';

/** A runner that ended unasked. */
export interface LostRunner {
  readonly exit: RunnerExit;
  readonly reason: string;
  /** Stands for this end: the same object for all requests that were lost with it. */
  readonly crash: object;
  /** Whether other runners of the version are there. */
  readonly hasOthers: boolean;
}

/** What all runners of a version have in common. */
export type VersionSpec = Omit<RunnerSpec, 'intraOpThreads'>;

export interface Supervised {
  readonly spec: VersionSpec;
  /** From now on the supervisor's, which gives it back at the end. */
  readonly threads: ThreadShare;
  /** How long a fresh runner may take to be ready. */
  readonly startLimitMs: number;
  /** Requests that may be outstanding at once, at all runners together. */
  readonly maxQueueLength: number;
  /** A runner ended unasked. Told once for each, before any request that was lost with it is. */
  readonly onLost: (lost: LostRunner) => void;
  /** A fresh runner has taken the place of one that ended unasked, or was recycled. */
  readonly onFresh: (why: FreshRunner) => void;
  /** Crash loop: nothing will be run any more. */
  readonly onFailed: (reason: string) => void;
}

/**
 * Owns the runners of one version, and outlives them: each request goes to the one with the fewest outstanding, and what
 * a runner that ended had not answered is run again. A request is answered once, at its deadline at the latest.
 */
export class Supervisor {
  readonly #context: SupervisorContext;
  readonly #supervised: Supervised;
  readonly #label: string;
  readonly #instances: readonly Instance[];
  readonly #dispatch: Dispatch<Instance>;
  readonly #tickets: TicketQueue;
  readonly #timer: EarliestTimer;
  /** Why nothing is run any more. */
  #closed: (() => AppError) | undefined;
  #failure: string | undefined;
  #lastExit: string | undefined;

  /** @param runners loaded and warmed up, one or more; from now on they are the supervisor's */
  constructor(context: SupervisorContext, supervised: Supervised, runners: readonly Runner[]) {
    const { spec, threads, startLimitMs } = supervised;
    this.#context = context;
    this.#supervised = supervised;
    this.#label = `${spec.modelId}@${spec.version}`;
    this.#tickets = new TicketQueue(this.#label, supervised.maxQueueLength);
    this.#timer = new EarliestTimer(context.clock, () => this.#sweep());
    const parts = {
      context,
      label: this.#label,
      nextSpec: () => ({ ...spec, mayHaveLost: true, intraOpThreads: threads.threads() }),
      startLimitMs,
      onLost: (exit: RunnerExit, crash: Crash) => this.#noteLoss(exit, crash),
      onFresh: (why: FreshRunner) => this.#resume(why),
      onDelayed: (instance: Instance) => this.#sendElsewhere(instance),
      onLooping: (last: Crash) => this.#mayGoOn(last),
    };
    this.#instances = runners.map((runner) => new Instance(parts, runner));
    this.#dispatch = new Dispatch(this.#instances);
  }

  /** Those that are there: not those that are being started again. */
  get runners(): readonly Runner[] {
    return this.#instances.flatMap(({ runner }) => runner ?? []);
  }

  /** One of those that are there. Undefined while all are being started, and after the end. */
  get runner(): Runner | undefined {
    return this.#instances.find(({ runner }) => runner !== undefined)?.runner;
  }

  /** How many runners there are when none is being started again. */
  get instances(): number {
    return this.#instances.length;
  }

  get threadsFrom(): ThreadsFrom {
    return this.#supervised.threads.from;
  }

  /** No runner is there, and one is coming. */
  get isRestarting(): boolean {
    return this.runner === undefined && this.#closed === undefined;
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
    return this.#instances.reduce((sum, { recentCrashes }) => sum + recentCrashes, 0);
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
    const refusal = this.#tickets.add(ticket, this.#context.clock.monotonicMs());
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#timer.armBy(request.deadlineMs);
    this.#send(ticket);
    return ticket.answer;
  }

  /** Answers everything outstanding, and everything to come, with this error. The first reason stays. */
  refuse(reason: () => AppError): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#timer[Symbol.dispose]();
    for (const instance of this.#instances) instance.end();
    this.#supervised.threads[Symbol.dispose]();
    for (const ticket of this.#tickets) ticket.fail(reason());
    this.#tickets.clear();
  }

  /** Sequences of which its runners have the state. */
  get openSequences(): number {
    return this.runners.reduce((sum, { openSequences }) => sum + openSequences, 0);
  }

  /** A sequence goes on in another version; undefined: all of them. */
  forget(sequenceId: string | undefined): void {
    for (const runner of this.runners) runner.forget(sequenceId);
  }

  /**
   * Replaces the runners by fresh ones; requests that come meanwhile wait for them. False, and nothing, unless all are
   * idle and no sequence is open.
   */
  recycle(): boolean {
    if (this.runner === undefined || this.#closed !== undefined || this.#tickets.size > 0) return false;
    if (this.openSequences > 0) return false;
    for (const instance of this.#instances) instance.recycle();
    return true;
  }

  /** Ends the runners. What is still outstanding is refused. */
  async stop(): Promise<void> {
    this.refuse(() => new AppError('not_ready', `${this.#label} was unloaded.`));
    await Promise.all(this.#instances.map((instance) => instance.stop()));
  }

  /** Where nobody can take it now, it waits for the next fresh runner. */
  #send(ticket: Ticket): void {
    const instance = ticket.keptFor ?? this.#dispatch.choose();
    if (instance?.runner !== undefined) void this.#attempt(ticket, instance, instance.runner);
  }

  async #attempt(ticket: Ticket, instance: Instance, runner: Runner): Promise<void> {
    ticket.runner = runner;
    instance.outstanding += 1;
    try {
      const reply = await runner.run(ticket.request);
      instance.outstanding -= 1;
      this.#tickets.delete(ticket);
      if (!ticket.answered) ticket.succeed(reply);
    } catch (error) {
      instance.outstanding -= 1;
      if (error instanceof RunnerLost) this.#lostWith(ticket, instance, runner, error);
      else this.#failTicket(ticket, error);
    }
  }

  #failTicket(ticket: Ticket, error: unknown): void {
    this.#tickets.delete(ticket);
    if (!ticket.answered) ticket.fail(error);
  }

  /** Decides what becomes of a request whose runner ended before it answered. */
  #lostWith(ticket: Ticket, instance: Instance, runner: Runner, lost: RunnerLost): void {
    const crash = instance.noticeLoss(runner, lost.exit);
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
      // It may end the next one too, which is to be none that answers others.
      ticket.keptFor = instance;
    }
    this.#send(ticket);
  }

  #noteLoss(exit: RunnerExit, crash: Crash): void {
    this.#lastExit = crash.reason;
    if (this.#closed !== undefined) return;
    this.#supervised.onLost({ exit, reason: crash.reason, crash, hasOthers: this.runner !== undefined });
  }

  /** A fresh runner is there, for what waits. */
  #resume(why: FreshRunner): void {
    this.#supervised.onFresh(why);
    for (const ticket of this.#tickets) if (ticket.runner === undefined) this.#send(ticket);
  }

  /** It will be long until the instance has a runner, if ever: what was kept for it is run by any. */
  #sendElsewhere(instance: Instance): void {
    for (const ticket of this.#tickets) {
      if (ticket.keptFor !== instance || ticket.runner !== undefined) continue;
      ticket.keptFor = undefined;
      this.#send(ticket);
    }
  }

  /** While one of its runners is there, or has done well, the others are started again and again, at long intervals. */
  #mayGoOn(last: Crash): boolean {
    if (this.#instances.some(({ runner, isLooping }) => runner !== undefined || !isLooping)) return true;
    const who = this.instances === 1 ? 'its runner' : `each of its ${this.instances} runners`;
    const reason = `${who} ended ${CRASHES_UNTIL_FAILED} times within ${CRASH_WINDOW_MS / 1000} s, at last: ${last.reason}`;
    this.refuse(() => hasFailed(this.#supervised.spec, reason));
    this.#failure = reason;
    this.#supervised.onFailed(reason);
    // Another one may just have been starting.
    void this.stop();
    return false;
  }

  /** Answers what is past its deadline, and kills runners that owe an answer for too long. */
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
    for (const instance of this.#instances) next = Math.min(next, instance.killIfHung(now));
    this.#timer.armBy(next);
  }
}

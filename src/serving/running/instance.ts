import type { Clock } from '../ports/clock.ts';
import type { Engine, Runner, RunnerExit, RunnerSpec } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import { type Crash, CrashHistory } from './crash-history.ts';
import { describeExit, describeHang } from './describe-exit.ts';
import { startWithin } from './start-within.ts';

export interface SupervisorContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hangLimitMs: number;
}

export type FreshRunner = 'restarted' | 'recycled';

interface InstanceParts {
  readonly context: SupervisorContext;
  readonly label: string;
  /** How the next runner is to be started. */
  readonly nextSpec: () => RunnerSpec;
  /** How long a fresh runner may take to be ready. */
  readonly startLimitMs: number;
  /** Its runner ended unasked. Told once for each runner, as soon as anybody knows. */
  readonly onLost: (exit: RunnerExit, crash: Crash) => void;
  readonly onFresh: (why: FreshRunner) => void;
  /** Its next runner is not started at once. */
  readonly onDelayed: (instance: Instance) => void;
  /** It is in a crash loop. @returns whether another runner is to be started all the same */
  readonly onLooping: (last: Crash) => boolean;
}

/**
 * One of the processes of a version, and its successors: a runner that ends unasked, or owes an answer for too long, is
 * replaced by a fresh one. Of requests it knows only how many there are.
 */
export class Instance {
  /** Requests that its runner has not finished with; whoever sends them counts them. */
  outstanding = 0;
  readonly #parts: InstanceParts;
  /** Undefined while there is none: a fresh one is being started, or the end has come. */
  #runner: Runner | undefined;
  readonly #crashes = new CrashHistory();
  readonly #losses = new WeakMap<Runner, Crash>();
  readonly #hung = new WeakSet<Runner>();
  /** Ended on purpose while the version goes on. */
  readonly #replaced = new WeakSet<Runner>();
  readonly #stopStarting = new AbortController();
  #nextStart: Disposable | undefined;
  #starting: Promise<void> = Promise.resolve();

  /** @param runner loaded and warmed up; from now on it is the instance's */
  constructor(parts: InstanceParts, runner: Runner) {
    this.#parts = parts;
    this.#adopt(runner);
  }

  /** Undefined while a fresh one is being started, and after the end. */
  get runner(): Runner | undefined {
    return this.#runner;
  }

  /** Ends of its runners within the last minute that no request was proven to have caused. */
  get recentCrashes(): number {
    return this.#crashes.count(this.#parts.context.clock.monotonicMs());
  }

  get isLooping(): boolean {
    return this.#crashes.isLooping(this.#parts.context.clock.monotonicMs());
  }

  /** Both the lost requests and the runner itself tell of its end, in any order; the first to tell counts. */
  noticeLoss(runner: Runner, exit: RunnerExit): Crash {
    const known = this.#losses.get(runner);
    if (known !== undefined) return known;
    const { clock, logger } = this.#parts.context;
    const reason = this.#hung.has(runner) ? describeHang(exit) : describeExit(exit);
    const crash = this.#crashes.record(clock.monotonicMs(), reason);
    this.#losses.set(runner, crash);
    if (!this.#hasEnded) {
      logger.warn({ model: this.#parts.label, pid: runner.pid, reason }, 'runner ended unasked');
      if (this.#runner === runner) this.#runner = undefined;
      void this.#release(runner);
      // Not at once: what else was lost with it first gets to tell whether a request is to blame.
      this.#nextStart = clock.after(0, () => this.#recover(crash));
    }
    this.#parts.onLost(exit, crash);
    return crash;
  }

  /** Kills a runner that owes an answer for too long. @returns when it will have owed one for too long, as it is now */
  killIfHung(nowMs: number): number {
    const runner = this.#runner;
    if (runner === undefined) return Number.POSITIVE_INFINITY;
    const hungAt = (runner.owesSinceMs() ?? Number.POSITIVE_INFINITY) + this.#parts.context.hangLimitMs;
    if (nowMs < hungAt) return hungAt;
    // What it owed is answered, or run again, when its end is noticed.
    if (!this.#hung.has(runner)) {
      this.#hung.add(runner);
      runner.kill();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Replaces the runner by a fresh one; nobody may be using it. */
  recycle(): void {
    const runner = this.#runner;
    if (runner === undefined || this.#hasEnded) return;
    this.#runner = undefined;
    this.#replaced.add(runner);
    this.#starting = this.#release(runner).then(() => this.#startFresh('recycled'));
  }

  /** No runner is started any more. The one that is there stays until `stop`. */
  end(): void {
    this.#nextStart?.[Symbol.dispose]();
    this.#stopStarting.abort();
  }

  /** Ends the runner. */
  async stop(): Promise<void> {
    this.end();
    await this.#starting;
    const runner = this.#runner;
    this.#runner = undefined;
    if (runner !== undefined) await this.#release(runner);
  }

  get #hasEnded(): boolean {
    return this.#stopStarting.signal.aborted;
  }

  async #release(runner: Runner): Promise<void> {
    const { context, label } = this.#parts;
    try {
      await runner[Symbol.asyncDispose]();
    } catch (error) {
      context.logger.warn({ model: label, err: error }, 'could not clean up after a runner');
    }
  }

  #recover(crash: Crash): void {
    const { context, onDelayed, onLooping } = this.#parts;
    if (this.isLooping && !onLooping(crash)) return;
    const delayMs = this.#crashes.delayMs(context.clock.monotonicMs());
    const start = () => {
      this.#starting = this.#startFresh('restarted');
    };
    if (delayMs === 0) {
      start();
      return;
    }
    this.#nextStart = context.clock.after(delayMs, start);
    onDelayed(this);
  }

  async #startFresh(why: FreshRunner): Promise<void> {
    const { context, label, nextSpec, startLimitMs, onFresh } = this.#parts;
    try {
      const runner = await startWithin(context, nextSpec(), startLimitMs, this.#stopStarting.signal);
      this.#adopt(runner);
      if (!this.#hasEnded) onFresh(why);
    } catch (error) {
      if (this.#hasEnded) return;
      const reason = `it could not be started again: ${error instanceof Error ? error.message : String(error)}`;
      context.logger.warn({ model: label, err: error }, 'runner could not be started again');
      this.#recover(this.#crashes.record(context.clock.monotonicMs(), reason));
    }
  }

  #adopt(runner: Runner): void {
    this.#runner = runner;
    void runner.exited.then((exit) => {
      if (!this.#replaced.has(runner)) this.noticeLoss(runner, exit);
    });
  }
}

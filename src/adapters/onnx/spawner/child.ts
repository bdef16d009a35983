import type { ChildEnd } from './messages.ts';

/** A process of the spawner's thread, as other threads see it. */
export class Child {
  readonly started: Promise<Child>;
  readonly closed: Promise<ChildEnd>;
  readonly #sendKill: () => void;
  readonly #started = Promise.withResolvers<Child>();
  readonly #closed = Promise.withResolvers<ChildEnd>();
  #pid: number | undefined;
  #isOver = false;

  constructor(sendKill: () => void) {
    this.#sendKill = sendKill;
    this.started = this.#started.promise;
    this.closed = this.#closed.promise;
  }

  /** Of a process that has started. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error('the process has not started');
    return this.#pid;
  }

  /** Ends it at once, where it has not ended by itself. */
  kill(): void {
    if (!this.#isOver) this.#sendKill();
  }

  /** Ends it, also when it is still about to start, and waits for its end. */
  async end(): Promise<void> {
    const hasStarted = await this.started.then(
      () => true,
      () => false,
    );
    if (!hasStarted) return;
    this.kill();
    await this.closed;
  }

  /** @internal */
  begin(pid: number): void {
    this.#pid = pid;
    this.#started.resolve(this);
  }

  /** @internal It could not be started. */
  fail(message: string): void {
    this.#isOver = true;
    this.#started.reject(new Error(message));
  }

  /** @internal */
  finish(end: ChildEnd): void {
    this.#isOver = true;
    this.#closed.resolve(end);
  }

  /** @internal The thread that started it is gone: nobody waits for its end, and nobody reads what it writes. */
  abandon(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#started.reject(new Error(reason));
    if (this.#pid === undefined) return;
    try {
      // Where the kernel has not. A pid is not given away before somebody has waited for its process.
      process.kill(this.#pid, 'SIGKILL');
    } catch {
      // Ended as the thread did.
    }
    this.#closed.resolve({ code: null, signal: 'SIGKILL', stdout: '', stderrTail: reason });
  }
}

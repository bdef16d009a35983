import type { Socket } from 'node:net';
import type { Child } from './child.ts';
import type { ChildEnd, Program } from './messages.ts';
import { Rendezvous } from './rendezvous.ts';
import { SpawnerThread } from './spawner-thread.ts';

/** A process and this side's end of its control socket. */
export interface ConnectedChild {
  readonly child: Child;
  readonly control: Socket;
  /** How it ended. What it sent has been read by then as well: its end alone does not tell that. */
  readonly closed: Promise<ChildEnd>;
}

/**
 * Starts processes from a thread of its own: to start one holds its thread up for 6 to 40 ms, in which the front could
 * serve nobody (docs/adr/0008). The thread lives as long as the spawner, since the kernel ends processes with the thread
 * that started them; should it fail all the same, the next process is started by a fresh one.
 */
export class Spawner implements AsyncDisposable {
  readonly #onLost: (reason: string) => void;
  #thread: SpawnerThread | undefined;
  #closing: Promise<void> | undefined;

  /** @param onLost told when the thread failed, and all of its processes with it */
  constructor(onLost: (reason: string) => void) {
    this.#onLost = onLost;
    this.#thread = this.#open();
  }

  /** Resolves once the process has started. */
  async start(program: Program): Promise<Child> {
    return await this.#current().start(program);
  }

  /** Starts a process with a control socket. */
  async startConnected(program: Program): Promise<ConnectedChild> {
    await using rendezvous = await Rendezvous.open();
    let child: Child | undefined;
    try {
      child = await this.#current().start(program, rendezvous.place);
      // The connection is there by now; what is left is to accept it.
      const control = await rendezvous.met;
      return { child, control, closed: Promise.all([child.closed, closed(control)]).then(([end]) => end) };
    } catch (error) {
      child?.kill();
      rendezvous.met.then(
        (control) => control.destroy(),
        () => {},
      );
      throw error;
    }
  }

  #current(): SpawnerThread {
    if (this.#closing !== undefined) throw new Error('no more processes are started');
    this.#thread ??= this.#open();
    return this.#thread;
  }

  #open(): SpawnerThread {
    const thread = new SpawnerThread((reason) => {
      if (this.#thread === thread) this.#thread = undefined;
      this.#onLost(reason);
    });
    return thread;
  }

  /** Ends every process, and the thread last. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#thread?.close() ?? Promise.resolve();
    return this.#closing;
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

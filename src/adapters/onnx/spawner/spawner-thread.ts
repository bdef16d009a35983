import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Child } from './child.ts';
import type { MeetingPlace, Program, SpawnerReply, SpawnerRequest } from './messages.ts';

/** `.ts` beside the sources, `.js` in the build. */
const ENTRY = new URL(`./spawner-worker${extname(import.meta.url)}`, import.meta.url);

/** A thread that starts processes, as the thread that owns it sees it. */
export class SpawnerThread {
  readonly #worker: Worker;
  readonly #children = new Map<number, Child>();
  #nextId = 1;
  #reason: string | undefined;

  /** @param onLost told once, when the thread ends without having been asked to; its processes are ended by then */
  constructor(onLost: (reason: string) => void) {
    // Nothing of the process's own flags or environment is the worker's business.
    this.#worker = new Worker(ENTRY, { name: 'spawner', env: {}, execArgv: [] });
    // The server stays for its processes, as if they were its own thread's, and not for a thread that has none.
    this.#worker.unref();
    this.#worker.on('message', (reply: SpawnerReply) => this.#take(reply));
    let failure: string | undefined;
    this.#worker.on('error', (error) => {
      failure = error.message;
    });
    this.#worker.once('exit', (code) => {
      const isExpected = this.#reason !== undefined;
      this.#reason ??= `the thread that starts processes ended (${failure ?? `exit code ${code}`})`;
      for (const child of this.#children.values()) child.abandon(this.#reason);
      this.#children.clear();
      if (!isExpected) onLost(this.#reason);
    });
  }

  /** Resolves once it has started. */
  start(program: Program, control?: MeetingPlace): Promise<Child> {
    if (this.#reason !== undefined) return Promise.reject(new Error(this.#reason));
    const id = this.#nextId++;
    const child = new Child(() => this.#send({ kind: 'kill', id }));
    if (this.#children.size === 0) this.#worker.ref();
    this.#children.set(id, child);
    this.#send({ kind: 'start', id, program, ...(control === undefined ? {} : { control }) });
    return child.started;
  }

  /** Ends its processes, then the thread. */
  async close(): Promise<void> {
    this.#reason ??= 'no more processes are started';
    await Promise.all([...this.#children.values()].map((child) => child.end()));
    await this.#worker.terminate();
  }

  #send(request: SpawnerRequest): void {
    this.#worker.postMessage(request);
  }

  #take(reply: SpawnerReply): void {
    const child = this.#children.get(reply.id);
    if (reply.kind === 'started') {
      child?.begin(reply.pid);
      return;
    }
    this.#children.delete(reply.id);
    if (this.#children.size === 0) this.#worker.unref();
    if (reply.kind === 'failed') child?.fail(reply.message);
    else child?.finish(reply.end);
  }
}

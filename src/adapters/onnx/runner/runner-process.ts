import type { ModelSignature } from '../../../core/model/signature.ts';
import type { MemoryFootprint, Runner, RunnerExit, RunReply, RunRequest } from '../../../serving/ports/engine.ts';
import { RunnerLost } from '../../../serving/ports/engine.ts';
import { readFootprint } from '../../process-memory.ts';
import type { ConnectedChild } from '../spawner/spawner.ts';
import { emptyFrame, type Frame, FrameReader, jsonFrame, Kind } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import {
  type BeganFrame,
  decodeBegan,
  decodePart,
  type ErrorMessage,
  encodeForget,
  encodeInfer,
  type ReadyMessage,
  type StartMessage,
} from './messages.ts';
import type { OomKills } from './oom-kills.ts';
import { ArenaPayload } from './payload.ts';
import { PendingRun } from './pending-run.ts';
import type { ResponseArena } from './response-arena.ts';

const MAX_ID = 0xffff_fffe;

/** How a start ended: with a signature, or with what the runtime said of the file. */
type StartOutcome = { readonly ready: ReadyMessage } | { readonly failed: ErrorMessage };

/** The front's end of a runner. */
export class RunnerProcess implements Runner {
  readonly pid: number;
  readonly intraOpThreads: number;
  readonly exited: Promise<RunnerExit>;
  signature: ModelSignature = { inputs: [], outputs: [] };
  rowsDepend: string | undefined;
  startMs = 0;
  openSequences = 0;
  readonly #spawned: ConnectedChild;
  readonly #responses: ResponseArena;
  readonly #oomKills: OomKills;
  readonly #sharedFiles: readonly string[] | undefined;
  readonly #pending = new Map<number, PendingRun>();
  readonly #started = Promise.withResolvers<StartOutcome>();
  readonly #writer: FrameWriter;
  /** What it has told last that it works on, where it can not note it. */
  #told: readonly number[] | undefined;
  #nextId = 1;
  #ending = false;
  #exit: RunnerExit | undefined;

  constructor(spawned: ConnectedChild, responses: ResponseArena, start: StartMessage, oomKills: OomKills) {
    this.#spawned = spawned;
    this.#oomKills = oomKills;
    this.#responses = responses;
    this.pid = spawned.child.pid;
    this.intraOpThreads = start.intraOpThreads;
    this.#sharedFiles = start.sharedFiles;
    // Once the event loop has read what all clients have sent: one system call, and one batch for the runner.
    this.#writer = new FrameWriter(spawned.control, (flush) => setImmediate(flush));
    const reader = new FrameReader((frame) => this.#handle(frame));
    spawned.control.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch {
        // Not frames: the runner's memory is damaged. Its end is handled like any other.
        this.#signal();
      }
    });
    // A write to a runner that is gone; its exit is what counts.
    spawned.control.on('error', () => {});
    this.exited = this.#watchExit();
    this.#writer.send(jsonFrame(Kind.start, 0, start));
  }

  /** Resolves once the model is loaded and warmed up, or with why it is not. Rejects with RunnerLost. */
  started(): Promise<StartOutcome> {
    return this.#started.promise;
  }

  run(request: RunRequest): Promise<RunReply> {
    const { payload, signal } = request;
    if (!(payload instanceof ArenaPayload)) throw new TypeError('the payload is not from this engine’s arena');
    if (this.#exit !== undefined) return Promise.reject(new RunnerLost(this.#exit, false));
    const id = this.#takeId();
    const hold = payload.retain();
    return new Promise((resolve, reject) => {
      const pending = new PendingRun(hold, request, resolve, reject);
      this.#pending.set(id, pending);
      this.#responses.busy();
      const { observe = false, detached = false, onBegan } = request;
      const tellsBegan = onBegan !== undefined;
      this.#writer.send(encodeInfer(id, { ...request, observe, detached, tellsBegan, bytes: hold.bytes, at: hold.at }));
      if (signal === undefined) return;
      const cancel = () => this.#cancel(id, pending);
      signal.addEventListener('abort', cancel);
      pending.onEnd = () => signal.removeEventListener('abort', cancel);
      if (signal.aborted) cancel();
    });
  }

  withdraw(request: RunRequest): boolean {
    for (const [id, pending] of this.#pending) {
      if (pending.request !== request) continue;
      if (this.#begun().includes(id)) return false;
      this.#cancel(id, pending);
      return true;
    }
    return false;
  }

  forget(sequenceId: string | undefined): void {
    if (this.#exit === undefined) this.#writer.send(encodeForget(sequenceId));
  }

  owesSinceMs(): number | undefined {
    const begun = this.#begun().flatMap((id) => this.#pending.get(id)?.request.deadlineMs ?? []);
    if (begun.length > 0) return Math.max(...begun);
    let earliest: number | undefined;
    for (const { request } of this.#pending.values())
      earliest = Math.min(earliest ?? request.deadlineMs, request.deadlineMs);
    return earliest;
  }

  /** Memory that its answers on their way take. */
  get arenaBytes(): number {
    return this.#responses.allocatedBytes;
  }

  footprint(): Promise<MemoryFootprint | undefined> {
    return this.#exit === undefined ? readFootprint(this.pid, this.#sharedFiles) : Promise.resolve(undefined);
  }

  kill(): void {
    this.#signal();
  }

  /** Ends the process. What it still had is rejected with RunnerLost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#signal();
    await this.exited;
  }

  #signal(): void {
    if (this.#exit === undefined) this.#spawned.child.kill();
  }

  #takeId(): number {
    do this.#nextId = this.#nextId >= MAX_ID ? 1 : this.#nextId + 1;
    while (this.#pending.has(this.#nextId));
    return this.#nextId;
  }

  /** What it has noted last that it works on; what it has answered since is no longer in `#pending`. */
  #begun(): readonly number[] {
    return this.#told ?? this.#responses.begun().ids;
  }

  #cancel(id: number, pending: PendingRun): void {
    if (this.#pending.get(id) !== pending) return;
    pending.abandon();
    this.#writer.send(emptyFrame(Kind.cancel, id));
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      // The runner is of the same build, so its JSON has the shape that it wrote.
      case Kind.ready:
        this.#started.resolve({ ready: JSON.parse(frame.body.toString()) as ReadyMessage });
        break;
      case Kind.failed:
        this.#started.resolve({ failed: JSON.parse(frame.body.toString()) as ErrorMessage });
        break;
      case Kind.began:
        this.#noteBegan(decodeBegan(frame.body));
        break;
      case Kind.part: {
        const part = decodePart(frame.body);
        if (this.#pending.get(frame.id)?.take(part, this.#responses) === true) this.#forget(frame.id);
        if (part.slot !== undefined) this.#writer.send(emptyFrame(Kind.credit, part.slot));
        break;
      }
      case Kind.sequences:
        this.openSequences = frame.id;
        break;
      case Kind.error:
        this.#pending.get(frame.id)?.refuse(JSON.parse(frame.body.toString()) as ErrorMessage);
        this.#forget(frame.id);
        break;
      default:
        throw new RangeError(`a frame of kind ${frame.kind}`);
    }
  }

  #noteBegan({ ids, isRun, isNoted }: BeganFrame): void {
    if (!isNoted) this.#told = ids;
    if (isRun) for (const id of ids) this.#pending.get(id)?.began();
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#responses.idle();
  }

  async #watchExit(): Promise<RunnerExit> {
    const { code, signal, stderrTail } = await this.#spawned.closed;
    const outOfMemory = signal === 'SIGKILL' && !this.#ending && this.#oomKills.haveRisen();
    const exit: RunnerExit = { code, signal, stderrTail, expected: this.#ending, outOfMemory };
    this.#exit = exit;
    const begun = new Set(this.#begun());
    this.#responses[Symbol.dispose]();
    for (const [id, pending] of this.#pending) pending.lose(exit, begun.has(id));
    this.#pending.clear();
    this.#started.reject(new RunnerLost(exit, true));
    // Nobody may be waiting for the start any more.
    this.#started.promise.catch(() => {});
    return exit;
  }
}

import { createHash } from 'node:crypto';
import { AppError } from '../../../src/core/errors.ts';
import type { ModelSignature } from '../../../src/core/model/signature.ts';
import {
  type Engine,
  type MemoryFootprint,
  type Observation,
  type PreparedModel,
  type PrepareOptions,
  type Runner,
  type RunnerExit,
  RunnerLost,
  type RunnerSpec,
  type RunReply,
  type RunRequest,
} from '../../../src/serving/ports/engine.ts';
import { FAKE_SHA256 } from './fake-catalog.ts';
import { textOf } from './fake-payloads.ts';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }],
};

const SEGFAULT: RunnerExit = {
  code: null,
  signal: 'SIGSEGV',
  stderrTail: 'Segmentation fault',
  expected: false,
  outOfMemory: false,
};

/** How a runner of the fake answers; undefined: not before it is told to. */
export type Behaviour = (request: RunRequest, body: string) => string | AppError | 'crash' | undefined;

const ANSWER = JSON.stringify({ outputs: [{ name: 'y', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] });

export interface Run {
  readonly request: RunRequest;
  readonly body: string;
  readonly resolve: (reply: RunReply) => void;
  readonly reject: (error: unknown) => void;
}

export class FakeRunner implements Runner {
  readonly pid: number;
  readonly spec: RunnerSpec;
  readonly signature = SIGNATURE;
  readonly rowsDepend: string | undefined = undefined;
  readonly intraOpThreads: number;
  readonly startMs = 40;
  openSequences = 0;
  /** The sequences that it was told to forget; undefined: all. */
  readonly forgotten: (string | undefined)[] = [];
  readonly exited: Promise<RunnerExit>;
  /** Every request that it was ever given. */
  readonly requests: RunRequest[] = [];
  /** What waits for an answer. */
  readonly open = new Set<Run>();
  /** What it runs, where a test says so: `begin`. */
  readonly begun = new Set<Run>();
  /** What its caller gave up and it has not finished with. */
  readonly givenUp = new Set<Run>();
  /** What it had not answered when it was stopped, and still had time for. */
  readonly stranded: RunRequest[] = [];
  exit: RunnerExit | undefined;
  killed = false;
  disposed = false;
  footprintBytes = 30_000_000;
  /** What sharing weights saves it; then what is its own is less than its footprint. */
  sharedBytes: number | undefined;
  privateBytes = 0;
  readonly #engine: FakeEngine;
  #mayStop: Promise<void> | undefined;
  readonly #resolveExited: (exit: RunnerExit) => void;

  constructor(engine: FakeEngine, spec: RunnerSpec, pid: number) {
    this.#engine = engine;
    this.spec = spec;
    this.intraOpThreads = spec.intraOpThreads;
    this.pid = pid;
    const { promise, resolve } = Promise.withResolvers<RunnerExit>();
    this.exited = promise;
    this.#resolveExited = resolve;
  }

  run(request: RunRequest): Promise<RunReply> {
    this.requests.push(request);
    if (this.exit !== undefined) return Promise.reject(new RunnerLost(this.exit, false));
    const { promise, resolve, reject } = Promise.withResolvers<RunReply>();
    const run: Run = { request, body: textOf(request.payload), resolve, reject };
    this.open.add(run);
    request.signal?.addEventListener('abort', () => this.#giveUp(run));
    const outcome = this.#engine.behaviour(request, run.body);
    if (outcome === 'crash') this.end(SEGFAULT, (each) => each === run);
    else if (outcome instanceof AppError) this.#finish(run, () => reject(outcome));
    else if (outcome !== undefined) this.answer(run, outcome);
    return promise;
  }

  /** It runs the request from now on. */
  begin(run: Run): void {
    if (this.begun.has(run)) return;
    this.begun.add(run);
    run.request.onBegan?.();
  }

  forget(sequenceId: string | undefined): void {
    this.forgotten.push(sequenceId);
  }

  withdraw(request: RunRequest): boolean {
    const run = [...this.open].find((each) => each.request === request);
    if (run === undefined || this.begun.has(run)) return false;
    this.#giveUp(run);
    return true;
  }

  #giveUp(run: Run): void {
    if (!this.open.delete(run)) return;
    this.givenUp.add(run);
    run.reject(new AppError('request_cancelled', 'cancelled'));
  }

  answer(run: Run, text: string = ANSWER, batchSize = 1): void {
    const timings = { decodeMs: 0.1, queueMs: 0.2, computeMs: 1.5, encodeMs: 0.1 };
    const body = Buffer.from(text);
    const observed = run.request.observe === true ? { observed: this.#engine.observation(run.request, run.body) } : {};
    this.begin(run);
    this.#finish(run, () =>
      run.resolve({ body, headerLength: undefined, contentEncoding: undefined, timings, batchSize, ...observed }),
    );
  }

  answerAll(): void {
    for (const run of [...this.open]) this.answer(run, ANSWER, this.open.size);
  }

  #finish(run: Run, tell: () => void): void {
    this.open.delete(run);
    tell();
  }

  /** Ends unasked. `began` says of each open request whether its batch had begun. */
  crash(began: (request: RunRequest) => boolean = () => false): void {
    this.end(SEGFAULT, (run) => began(run.request));
  }

  end(exit: RunnerExit, began: (run: Run) => boolean): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    const lost = [...this.open];
    this.open.clear();
    for (const run of lost) run.reject(new RunnerLost(exit, began(run)));
    this.#resolveExited(exit);
  }

  owesSinceMs(): number | undefined {
    const owed = [...this.open, ...this.givenUp];
    const begun = owed.filter((run) => this.begun.has(run)).map((run) => run.request.deadlineMs);
    if (begun.length > 0) return Math.max(...begun);
    return owed.length === 0 ? undefined : Math.min(...owed.map((run) => run.request.deadlineMs));
  }

  async footprint(): Promise<MemoryFootprint | undefined> {
    if (this.exit !== undefined) return undefined;
    const { footprintBytes: pssBytes, sharedBytes } = this;
    const peakBytes = pssBytes + 5_000_000;
    if (sharedBytes === undefined) return { pssBytes, privateBytes: pssBytes, peakBytes };
    return { pssBytes, privateBytes: this.privateBytes, peakBytes, sharedBytes };
  }

  kill(): void {
    this.killed = true;
    this.end({ code: null, signal: 'SIGKILL', stderrTail: '', expected: true, outOfMemory: false }, (run) =>
      this.begun.has(run),
    );
  }

  /** From now on it does not stop before what this gives is called. */
  holdStop(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mayStop = promise;
    return resolve;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mayStop !== undefined) await this.#mayStop;
    this.disposed = true;
    if (this.exit === undefined) {
      for (const run of this.open) if (run.request.deadlineMs > this.#engine.now()) this.stranded.push(run.request);
    }
    this.end({ code: 0, signal: null, stderrTail: '', expected: true, outOfMemory: false }, () => false);
  }
}

/** Obeys the engine's port, in memory. It counts its runners and can be told to wait, to fail, and to crash. */
export class FakeEngine implements Engine {
  readonly name = 'fake';
  readonly version = '1.0';
  readonly runnerBaseBytes = 20_000_000;
  /** What the arenas hold. */
  arenaBytes = 0;
  /** Of every file. */
  signature: ModelSignature = SIGNATURE;
  readonly runners: FakeRunner[] = [];
  readonly prepared: string[] = [];
  starts = 0;
  behaviour: Behaviour = () => ANSWER;
  /** What is observed of an answer. */
  observation: (request: RunRequest, body: string) => Observation = () => ({ isFinite: true, cpuMs: 1 });
  /** Monotonic milliseconds, for what is told by time. */
  now: () => number = () => 0;
  /** What the weights of the file at a path take, where it matters; then its runners use as much, and their base. */
  readonly weightBytes = new Map<string, number>();
  /** What preparing the file at a path fails with. */
  readonly unpreparable = new Map<string, AppError>();
  /** What the next starts fail with, in order; undefined: that one succeeds. */
  readonly startFailures: (AppError | undefined)[] = [];
  #gate: PromiseWithResolvers<void> | undefined;

  /** Runners that nobody has ended. */
  get alive(): readonly FakeRunner[] {
    return this.runners.filter((runner) => runner.exit === undefined);
  }

  get latest(): FakeRunner {
    const runner = this.runners.at(-1);
    if (runner === undefined) throw new Error('no runner was started');
    return runner;
  }

  /** From now on starts wait until `release`. */
  hold(): void {
    this.#gate = Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  sharedBytes(): number {
    return this.arenaBytes;
  }

  async prepare(modelPath: string, signal: AbortSignal, options?: PrepareOptions): Promise<PreparedModel> {
    this.prepared.push(modelPath);
    await Promise.resolve();
    signal.throwIfAborted();
    const failure = this.unpreparable.get(modelPath);
    if (failure !== undefined) throw failure;
    const weightBytes = this.weightBytes.get(modelPath);
    const shared = options?.shareWeights === true ? { sharedFiles: ['/data/weights.bin'] } : {};
    const { signature } = this;
    if (weightBytes === undefined) {
      return { digest: FAKE_SHA256, path: modelPath, inspection: { ...INSPECTION, signature }, ...shared };
    }
    const inspection = { ...INSPECTION, signature, weightBytesByDatatype: { FP32: weightBytes } };
    return { digest: createHash('sha256').update(modelPath).digest('hex'), path: modelPath, inspection, ...shared };
  }

  async start(spec: RunnerSpec, signal: AbortSignal): Promise<Runner> {
    this.starts += 1;
    await abortable(this.#gate?.promise ?? Promise.resolve(), signal);
    const failure = this.startFailures.shift();
    if (failure !== undefined) throw failure;
    const runner = new FakeRunner(this, spec, 1000 + this.runners.length);
    const weights = this.weightBytes.get(spec.prepared.path);
    if (weights !== undefined) runner.footprintBytes = this.runnerBaseBytes + weights;
    this.runners.push(runner);
    return runner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

const INSPECTION: PreparedModel['inspection'] = {
  signature: SIGNATURE,
  producer: 'test',
  irVersion: 10,
  opsets: { '': 21 },
  parameterCount: 20,
  weightBytesByDatatype: { FP32: 80 },
  externalFiles: [],
  fileBytes: 200,
  rewrites: [],
};

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new AppError('request_cancelled', 'aborted'));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    promise.catch(() => undefined);
  }
}

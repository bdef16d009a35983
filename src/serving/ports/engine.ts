import type { ModelSignature } from '../../core/model/signature.ts';
import type { StateTensor } from '../../core/model/state.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { Payload } from './payload.ts';

/** What is known of a model file from its structure, weights unread. */
export interface ModelInspection {
  readonly signature: ModelSignature;
  readonly producer: string;
  readonly irVersion: number;
  /** Operator set versions by domain (`''` is ai.onnx). */
  readonly opsets: Readonly<Record<string, number>>;
  readonly parameterCount: number;
  readonly weightBytesByDatatype: Readonly<Record<string, number>>;
  /** Files with weights outside the .onnx file, relative to its directory. */
  readonly externalFiles: readonly { readonly location: string; readonly bytes: number }[];
  readonly fileBytes: number;
  /** What had to be changed for serving, as sentences (a ZipMap taken out). */
  readonly rewrites: readonly string[];
  /** Class labels by output name, where the file itself has them. A manifest's labels win. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** A model file that was inspected, hashed and, where needed, rewritten so that it can be served. */
export interface PreparedModel {
  /** SHA-256 in hex. Of the .onnx file; where weights are external, of the digests of all files. */
  readonly digest: string;
  /** The file to run: the original, or the rewritten one. */
  readonly path: string;
  /** Its signature is without the states, where some are declared. */
  readonly inspection: ModelInspection;
  /** Tensors that are carried from run to run of a sequence. Absent: none. */
  readonly state?: readonly StateTensor[];
  /**
   * The files with weights of which all processes that run the model have one copy in memory together: none where there
   * was nothing to share. Undefined: each process has its own.
   */
  readonly sharedFiles?: readonly string[];
}

export interface PrepareOptions {
  /** Whether processes that run the file are to share its weights. */
  readonly shareWeights: boolean;
}

export interface RunnerSpec {
  readonly modelId: string;
  readonly version: string;
  readonly prepared: PreparedModel;
  readonly maxBatchSize: number;
  /** How long an idle runner may wait for more to share a run, in microseconds. */
  readonly maxQueueDelayUs: number;
  /** Rows of a batch that is not waited for to become larger. */
  readonly preferredBatchSizes: readonly number[];
  /** Threads inside one operator. */
  readonly intraOpThreads: number;
  readonly warmUpRuns: number;
  /** Class labels by output name. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Sequences that may be open at once. Of a model without states nothing of this counts. */
  readonly maxSequences: number;
  /** How long a sequence is kept without a request, in milliseconds. */
  readonly sequenceIdleMs: number;
  /** Whether clients may know sequences of a runner before it, or of another version. */
  readonly mayHaveLost: boolean;
}

/** One request as the runner sees it. */
export interface RunRequest {
  readonly payload: Payload;
  /** Bytes of the JSON header when binary tensors follow; 0: the body is the one raw input; undefined: all JSON. */
  readonly headerLength: number | undefined;
  readonly contentEncoding: 'gzip' | 'deflate' | undefined;
  /** How the answer may be compressed, best first; undefined: not at all. */
  readonly acceptEncoding: 'gzip' | 'deflate' | undefined;
  /** When the server had it, on the monotonic clock: what a timeout in the body counts from, whatever was tried since. */
  readonly arrivedAtMs: number;
  /** On the monotonic clock. What waits longer is dropped unrun. */
  readonly deadlineMs: number;
  /** 1 is the most urgent; undefined: what the body says, or the default. */
  readonly priority: number | undefined;
  /** Never batched with others: it was in a batch that killed its runner. */
  readonly alone: boolean;
  readonly signal: CancelSignal | undefined;
  /** Whether the answer is to say what versions are compared by. Costs a look at each number of the outputs. */
  readonly observe?: boolean;
  /** Whether it runs from the initial state and keeps nothing, whatever its body says of a sequence. */
  readonly detached?: boolean;
  /** Told, once at most, when the runner begins to work on it: waiting is over. */
  readonly onBegan?: () => void;
}

/** Where the time of one request went, in milliseconds. */
export interface RunTimings {
  readonly decodeMs: number;
  /** From its arrival at the server to its run, less decoding. */
  readonly queueMs: number;
  readonly computeMs: number;
  readonly encodeMs: number;
}

/** What a version is compared by, of one answer. */
export interface Observation {
  /** Whether no floating-point output has a NaN or an infinity in it. */
  readonly isFinite: boolean;
  /** Processor time of the whole process during the run, in milliseconds. It is the request's own only if it ran alone. */
  readonly cpuMs: number;
}

export interface RunReply {
  readonly body: Uint8Array;
  /** Bytes of the JSON header (before compression) when binary tensors follow. */
  readonly headerLength: number | undefined;
  readonly contentEncoding: 'gzip' | 'deflate' | undefined;
  readonly timings: RunTimings;
  /** Requests that shared the run. */
  readonly batchSize: number;
  /** Where the request asked for it. */
  readonly observed?: Observation;
}

/** How a runner ended. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines it wrote to stderr. */
  readonly stderrTail: string;
  /** True when the server ended it on purpose. */
  readonly expected: boolean;
  /** The system ended it because memory ran out, as far as that can be told. */
  readonly outOfMemory: boolean;
}

/** `run` rejects with this when the runner ended before it answered. */
export class RunnerLost extends Error {
  override readonly name = 'RunnerLost';
  readonly exit: RunnerExit;
  /** Whether the runner was working on the request, by decoding or running it: it may be what killed the runner. */
  readonly began: boolean;

  constructor(exit: RunnerExit, began: boolean) {
    super(`the runner ended (${exit.signal ?? `exit code ${exit.code}`})`);
    this.exit = exit;
    this.began = began;
  }
}

export interface MemoryFootprint {
  /** Proportional set size: what the process really costs. Resident size where the system has no PSS. */
  readonly pssBytes: number;
  /**
   * What is nobody else's: it would be free if the process ended. The rest of the PSS is its share of code, and of
   * weights that others may share, also while nobody does.
   */
  readonly privateBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
  /** Of weights that are shared: what a copy of one's own would cost more. Undefined where none are. */
  readonly sharedBytes?: number;
  /** Of weights that are shared, what is resident of them, in parts its own or not. There where `sharedBytes` is. */
  readonly mappedBytes?: number;
}

/** A process that holds one loaded, warmed-up model. */
export interface Runner extends AsyncDisposable {
  readonly pid: number;
  readonly signature: ModelSignature;
  /** Why requests do not share a run, where their shapes would allow it: rows were seen to depend on each other. */
  readonly rowsDepend: string | undefined;
  readonly intraOpThreads: number;
  /** From spawn to loaded and warmed up. */
  readonly startMs: number;
  /** Sequences of which it has the state. */
  readonly openSequences: number;
  readonly exited: Promise<RunnerExit>;
  /**
   * Rejects with AppError for what the request or the model did wrong (`invalid_tensor`, `model_rejected_input`,
   * `deadline_exceeded`, `request_cancelled`, `overloaded`, `sequence_lost`), with RunnerLost when the process ended.
   */
  run(request: RunRequest): Promise<RunReply>;
  /**
   * Gives up a request that it has not begun with: `run` rejects with `request_cancelled`. False where it has begun with
   * it, or has it no more.
   */
  withdraw(request: RunRequest): boolean;
  /** A sequence goes on elsewhere: its state here is of no use any more. Undefined: so with all of them. */
  forget(sequenceId: string | undefined): void;
  /**
   * Since when the process owes an answer, on the monotonic clock; in the future while it still has time, undefined
   * when it has nothing to do. It is the latest deadline of what it works on: what waits behind a long run is not late by
   * the process's fault. Where it works on nothing, though requests wait, the earliest of theirs: it should have begun.
   * Requests that their callers gave up count too, or a hang that outlasts every caller's patience goes unnoticed.
   */
  owesSinceMs(): number | undefined;
  /** Undefined when the process is gone. */
  footprint(): Promise<MemoryFootprint | undefined>;
  /** Ends the process at once. */
  kill(): void;
}

/** The inference runtime. Preparing and running happen in processes of their own. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** What a runner uses before it has loaded anything, for estimates. */
  readonly runnerBaseBytes: number;
  /** Memory that belongs to no runner's footprint: what requests and answers pass through. */
  sharedBytes(): number;
  /**
   * Inspects, hashes and where needed rewrites a model file, in a short-lived process. Without options, weights are
   * not shared.
   * @throws AppError `model_unloadable` with the reason
   */
  prepare(modelPath: string, signal: AbortSignal, options?: PrepareOptions): Promise<PreparedModel>;
  /**
   * Starts a runner, loads the model and warms it up.
   * @throws AppError `model_unloadable` with the runtime's reason
   */
  start(spec: RunnerSpec, signal: AbortSignal): Promise<Runner>;
}

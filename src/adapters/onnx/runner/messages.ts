import type { ErrorCode } from '../../../core/errors.ts';
import type { ModelSignature } from '../../../core/model/signature.ts';
import type { StateTensor } from '../../../core/model/state.ts';
import type { Observation } from '../../../serving/ports/engine.ts';
import { HEADER_BYTES, jsonFrame, Kind, writeHeader } from './frame.ts';

/** What a runner is told before anything else. */
export interface StartMessage {
  readonly modelPath: string;
  readonly modelId: string;
  readonly version: string;
  readonly maxBatchSize: number;
  readonly maxQueueDelayUs: number;
  readonly preferredBatchSizes: readonly number[];
  readonly intraOpThreads: number;
  readonly warmUpRuns: number;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** A body may be this long after decompression. */
  readonly maxBodyBytes: number;
  /** Files with weights that are shared with other runners, where there are any. */
  readonly sharedFiles?: readonly string[] | undefined;
  /** Tensors that are carried from run to run of a sequence. */
  readonly state: readonly StateTensor[];
  /** Sequences that may be open at once. */
  readonly maxSequences: number;
  /** How long a sequence is kept without a request. */
  readonly sequenceIdleMs: number;
  /** Whether a sequence that it does not know may have been open elsewhere: in a process before it, or in another version. */
  readonly mayHaveLost: boolean;
}

export interface ReadyMessage {
  /** Without the states. */
  readonly signature: ModelSignature;
  /** Why requests do not share a run, where their shapes would allow it. */
  readonly rowsDepend?: string;
}

export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next?: string;
  readonly retryAfterS?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Encoding = 'gzip' | 'deflate' | undefined;
const ENCODINGS: readonly Encoding[] = [undefined, 'gzip', 'deflate'];

export interface InferMessage {
  /** When the server had the request. This and the deadline are on the monotonic clock, which both processes share. */
  readonly arrivedAtMs: number;
  readonly deadlineMs: number;
  readonly alone: boolean;
  /** Whether the answer is to carry what versions are compared by. */
  readonly observe: boolean;
  /** Whether the front is to hear at once that the run begins. It can look for itself later, which costs the runner less. */
  readonly tellsBegan: boolean;
  /** Whether it is no part of a sequence, whatever its body says: it runs from the initial state and changes none. */
  readonly detached: boolean;
  readonly contentEncoding: Encoding;
  readonly acceptEncoding: Encoding;
  readonly priority: number | undefined;
  readonly headerLength: number | undefined;
  readonly bytes: number;
  /** Where the body lies in the request arena, or the body itself when it is small. */
  readonly at: number | Uint8Array;
}

const INFER_FIELDS = 8 + 8 + 1 + 1 + 1 + 8 + 8 + 8 + 8;
/** Bits of one byte. */
const ALONE = 1;
const OBSERVE = 2;
const TELLS_BEGAN = 4;
const DETACHED = 8;
/** Stands for `undefined` where a field is a number that is never negative. */
const NONE = -1;

const orNone = (value: number | undefined): number => value ?? NONE;
const orUndefined = (value: number): number | undefined => (value === NONE ? undefined : value);

export function encodeInfer(id: number, message: InferMessage): Buffer {
  const inline = typeof message.at === 'number' ? undefined : message.at;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + INFER_FIELDS + (inline?.length ?? 0));
  writeHeader(frame, Kind.infer, id);
  let at = frame.writeDoubleLE(message.arrivedAtMs, HEADER_BYTES);
  at = frame.writeDoubleLE(message.deadlineMs, at);
  at = frame.writeUInt8(flagsOf(message), at);
  at = frame.writeUInt8(ENCODINGS.indexOf(message.contentEncoding), at);
  at = frame.writeUInt8(ENCODINGS.indexOf(message.acceptEncoding), at);
  at = frame.writeDoubleLE(orNone(message.priority), at);
  at = frame.writeDoubleLE(orNone(message.headerLength), at);
  at = frame.writeDoubleLE(message.bytes, at);
  at = frame.writeDoubleLE(typeof message.at === 'number' ? message.at : NONE, at);
  if (inline !== undefined) frame.set(inline, at);
  return frame;
}

function flagsOf({ alone, observe, tellsBegan, detached }: InferMessage): number {
  return (alone ? ALONE : 0) | (observe ? OBSERVE : 0) | (tellsBegan ? TELLS_BEGAN : 0) | (detached ? DETACHED : 0);
}

export function decodeInfer(body: Buffer): InferMessage {
  const offset = body.readDoubleLE(43);
  return {
    arrivedAtMs: body.readDoubleLE(0),
    deadlineMs: body.readDoubleLE(8),
    alone: (body.readUInt8(16) & ALONE) !== 0,
    observe: (body.readUInt8(16) & OBSERVE) !== 0,
    tellsBegan: (body.readUInt8(16) & TELLS_BEGAN) !== 0,
    detached: (body.readUInt8(16) & DETACHED) !== 0,
    contentEncoding: ENCODINGS[body.readUInt8(17)],
    acceptEncoding: ENCODINGS[body.readUInt8(18)],
    priority: orUndefined(body.readDoubleLE(19)),
    headerLength: orUndefined(body.readDoubleLE(27)),
    bytes: body.readDoubleLE(35),
    at: offset === NONE ? body.subarray(INFER_FIELDS) : offset,
  };
}

/** A piece of an answer. The last one carries what is known of the whole. */
export interface PartMessage {
  readonly last: boolean;
  /** Slot of the response arena, or undefined when the bytes follow in the frame. */
  readonly slot: number | undefined;
  readonly bytes: number;
  readonly inline: Uint8Array | undefined;
  readonly contentEncoding: Encoding;
  readonly headerLength: number | undefined;
  readonly decodeMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
  readonly encodeMs: number;
  readonly batchSize: number;
  /** Where the request asked for it. */
  readonly observed: Observation | undefined;
}

const PART_FIELDS = 1 + 1 + 4 + 4 + 4 + 8 + 4 * 8 + 1 + 8;
const NO_SLOT = 0xffff_ffff;

export function encodePart(id: number, part: PartMessage): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + PART_FIELDS + (part.inline?.length ?? 0));
  writeHeader(frame, Kind.part, id);
  let at = frame.writeUInt8(part.last ? 1 : 0, HEADER_BYTES);
  at = frame.writeUInt8(ENCODINGS.indexOf(part.contentEncoding), at);
  at = frame.writeUInt32LE(part.slot ?? NO_SLOT, at);
  at = frame.writeUInt32LE(part.bytes, at);
  at = frame.writeUInt32LE(part.batchSize, at);
  at = frame.writeDoubleLE(orNone(part.headerLength), at);
  at = frame.writeDoubleLE(part.decodeMs, at);
  at = frame.writeDoubleLE(part.queueMs, at);
  at = frame.writeDoubleLE(part.computeMs, at);
  at = frame.writeDoubleLE(part.encodeMs, at);
  at = frame.writeUInt8(part.observed?.isFinite === true ? 1 : 0, at);
  at = frame.writeDoubleLE(orNone(part.observed?.cpuMs), at);
  if (part.inline !== undefined) frame.set(part.inline, at);
  return frame;
}

export function decodePart(body: Buffer): PartMessage {
  const slot = body.readUInt32LE(2);
  const inline = slot === NO_SLOT;
  return {
    last: body.readUInt8(0) === 1,
    contentEncoding: ENCODINGS[body.readUInt8(1)],
    slot: inline ? undefined : slot,
    bytes: body.readUInt32LE(6),
    batchSize: body.readUInt32LE(10),
    headerLength: orUndefined(body.readDoubleLE(14)),
    decodeMs: body.readDoubleLE(22),
    queueMs: body.readDoubleLE(30),
    computeMs: body.readDoubleLE(38),
    encodeMs: body.readDoubleLE(46),
    observed: decodeObserved(body),
    inline: inline ? body.subarray(PART_FIELDS) : undefined,
  };
}

function decodeObserved(body: Buffer): Observation | undefined {
  const cpuMs = orUndefined(body.readDoubleLE(55));
  return cpuMs === undefined ? undefined : { isFinite: body.readUInt8(54) === 1, cpuMs };
}

/** Tells a runner to forget a sequence, which goes on elsewhere; undefined: all of them. */
export function encodeForget(sequenceId: string | undefined): Buffer {
  return jsonFrame(Kind.forget, 0, sequenceId ?? null);
}

export function decodeForget(body: Buffer): string | undefined {
  // The front wrote it with the same build.
  return (JSON.parse(body.toString()) as string | null) ?? undefined;
}

/**
 * Tells which requests the runner works on from now on: should it die, one of them may be why. Replaces what was told
 * before; without ids, it works on none.
 */
export interface BeganMessage {
  readonly ids: readonly number[];
  /** By running them, after which they are answered; otherwise by decoding, after which they wait. */
  readonly isRun: boolean;
}

const IS_RUN = 1;
const IS_NOTED = 2;

/** The same in a frame. */
export interface BeganFrame extends BeganMessage {
  /** Whether it stands in shared memory as well. Once it does not, every one is told. */
  readonly isNoted: boolean;
}

export function encodeBegan({ ids, isRun, isNoted }: BeganFrame): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 1 + 4 * ids.length);
  writeHeader(frame, Kind.began, 0);
  let at = frame.writeUInt8((isRun ? IS_RUN : 0) | (isNoted ? IS_NOTED : 0), HEADER_BYTES);
  for (const id of ids) at = frame.writeUInt32LE(id, at);
  return frame;
}

export function decodeBegan(body: Buffer): BeganFrame {
  const ids: number[] = [];
  for (let at = 1; at + 4 <= body.length; at += 4) ids.push(body.readUInt32LE(at));
  const flags = body.readUInt8(0);
  return { ids, isRun: (flags & IS_RUN) !== 0, isNoted: (flags & IS_NOTED) !== 0 };
}

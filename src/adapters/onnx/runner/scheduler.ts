import { AppError } from '../../../core/errors.ts';
import { batchKey, batchRows } from '../../../core/tensor/batching.ts';
import { DEFAULT_PRIORITY } from '../../../core/traffic/priority.ts';
import type { Clock } from '../../../serving/ports/clock.ts';
import { systemClock } from '../../clock.ts';
import { type BatchRun, runTogether } from './batch-run.ts';
import { BatchWorth } from './batch-worth.ts';
import { Batcher, runSize, worthKind } from './batcher.ts';
import { type BodyReader, decodeBody, isHarmless } from './body.ts';
import { DecodeCost } from './decode-cost.ts';
import { giveBackTensors } from './give-back.ts';
import { dueMs } from './in-time.ts';
import { Linger } from './linger.ts';
import type { BeganMessage, InferMessage, StartMessage } from './messages.ts';
import type { Outbox } from './outbox.ts';
import { RunEstimates } from './run-estimates.ts';
import { sendAnswer } from './send-answer.ts';
import { Sequences } from './sequences.ts';
import type { Session } from './session.ts';
import { Turns } from './turns.ts';
import { WaitingLine, type WaitingRequest } from './waiting.ts';

export interface SchedulerParts {
  /** Its signature is what clients see: the states are not in it. */
  readonly session: Pick<Session, 'signature' | 'run'>;
  readonly start: StartMessage;
  /** Whether requests may share a run. */
  readonly batchable: boolean;
  readonly outbox: Pick<Outbox, 'answer' | 'fail' | 'below'>;
  readonly readBody: BodyReader;
  /**
   * Notes what is done next, where the note outlives the process: it tells who is to blame if that ends. Answers from
   * before must have left first, or they would end with it. Undefined: they have left already.
   */
  readonly announce: (work: BeganMessage, isToTell: boolean) => Promise<void> | undefined;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** For what an operator should see. */
  readonly warn: (text: string) => void;
  /** Told how many sequences are open, each time that this has changed. */
  readonly onSequences: (open: number) => void;
}

/** An answer and the next request of the same client take some 80 µs on their way. */
const LINGER_MS = 0.15;

/** What may be spent on what does not run next: enough for many short bodies. */
const DECODE_AHEAD_MS = 1;

/**
 * Orders what a runner does: everything that has arrived is decoded, what can share a run is batched, and what
 * arrives meanwhile is the next batch. Nothing waits for a batch to fill, unless the model's options say so.
 *
 * One thing is done at a time, decoding included, so that what was announced last is what the process works on.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  /** Not decoded yet, in the order of arrival. */
  readonly #arrivals = new Map<number, InferMessage>();
  readonly #line = new WaitingLine();
  readonly #estimates = new RunEstimates();
  readonly #worth = new BatchWorth();
  readonly #cost = new DecodeCost();
  readonly #batcher: Batcher;
  readonly #sequences: Sequences;
  /** Who of the decoded may be in the line. */
  readonly #turns: Turns;
  /** On the machine's own clock, as it is the event loop's turns that it takes. */
  readonly #linger = new Linger(LINGER_MS, systemClock.monotonicMs, setImmediate);
  #working = false;
  /** Ends a wait for more. */
  #wake: (() => void) | undefined;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    const { start, session, clock, batchable } = parts;
    const known = { line: this.#line, estimates: this.#estimates, worth: this.#worth };
    this.#batcher = new Batcher(known, start, batchable);
    this.#sequences = new Sequences({
      start,
      signature: session.signature,
      clock,
      undecodedSinceMs: () => this.#arrivals.values().next().value?.arrivedAtMs,
      onCount: parts.onSequences,
    });
    this.#turns = new Turns({
      line: this.#line,
      sequences: this.#sequences,
      onRefused: ({ id, request }, error) => {
        parts.outbox.fail(id, error);
        giveBackTensors(request.inputs);
      },
    });
  }

  accept(id: number, message: InferMessage): void {
    this.#arrivals.set(id, message);
    this.#wake?.();
    if (this.#working) return;
    this.#working = true;
    this.#linger.begin();
    // Once the event loop has read what else is waiting in the socket.
    setImmediate(() => void this.#work());
  }

  cancel(id: number): void {
    if (!this.#arrivals.delete(id) && !this.#turns.remove(id)) return;
    this.#wake?.();
    this.#parts.outbox.fail(id, new AppError('request_cancelled', 'The request was cancelled.'));
  }

  /** A sequence goes on elsewhere; undefined: all of them. */
  forget(sequenceId: string | undefined): void {
    this.#sequences.forget(sequenceId);
  }

  async #work(): Promise<void> {
    const { outbox, start } = this.#parts;
    while (this.#waits) {
      // What a run gives is bounded like what it takes: by the longest body, and one more.
      await outbox.below(start.maxBodyBytes);
      await this.#decodeArrivals();
      await this.#step();
      if (!this.#waits) break;
      // Lets the socket be read before the next batch is formed.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    this.#working = false;
    this.#linger.end();
  }

  get #waits(): boolean {
    return this.#arrivals.size > 0 || this.#line.length > 0;
  }

  /** Runs what is to be run next, or waits until something is. */
  async #step(): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const { id } of this.#turns.takeExpired(nowMs)) this.#expire(id);
    const next = this.#batcher.next({ nowMs, mayGrow: this.#arrivals.size === 0 });
    switch (next?.kind) {
      case 'run':
        this.#line.take(next.batch);
        return await this.#runBatch(next.batch);
      case 'drop':
        this.#line.take(next.late);
        for (const waiting of next.late) {
          this.#tooLate(waiting.id);
          this.#turns.done(waiting);
        }
        return;
      case 'wait':
        return await this.#untilMore(next.untilMs);
      case undefined:
        return;
    }
  }

  /** Resolves at that time, or as soon as what waits has changed. */
  async #untilMore(atMs: number): Promise<void> {
    const { clock } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    using _timer = clock.after(atMs - clock.monotonicMs(), resolve);
    await promise;
    this.#wake = undefined;
  }

  /**
   * Decodes what has arrived while what waits decoded is less than the longest body, so that at most one body is past
   * that bound, and less than a batch, or little time has been spent on it. The rest stays as it came, in the arena that
   * the front bounds: nobody is refused for it, and its turn comes with the next runs. Until then its urgency counts only
   * against what waits undecoded with it.
   */
  async #decodeArrivals(): Promise<void> {
    const { start, clock } = this.#parts;
    const fromMs = clock.monotonicMs();
    const aBatch = this.#batcher.sharesRuns ? start.maxBatchSize : 1;
    let nowMs = fromMs;
    for (const [id, message] of this.#arrivals) {
      if (this.#turns.heldBytes >= start.maxBodyBytes) return;
      if (this.#line.length >= aBatch && nowMs - fromMs > DECODE_AHEAD_MS) return;
      const mayDrop = this.#arrivals.size > 1 && !message.tellsBegan;
      if (mayDrop && dueMs(message) < nowMs + this.#cost.leastMs(message.bytes, nowMs)) {
        this.#arrivals.delete(id);
        this.#tooLate(id);
        continue;
      }
      if (!isHarmless(message)) {
        await this.#parts.announce({ ids: [id], isRun: false }, false);
        nowMs = clock.monotonicMs();
      }
      // False: it was cancelled while the announcement left.
      if (!this.#arrivals.delete(id)) continue;
      if (message.deadlineMs <= nowMs) this.#expire(id);
      else nowMs = this.#decode(id, message, nowMs);
    }
  }

  /** @returns when that was done */
  #decode(id: number, message: InferMessage, fromMs: number): number {
    const { session, start, readBody, outbox } = this.#parts;
    try {
      const { request, heldBytes } = decodeBody(readBody(message), message, session.signature, start.maxBodyBytes);
      const stateful = this.#sequences.of(request, message.detached);
      const rows = this.#batcher.sharesRuns && !message.alone ? batchRows(request.inputs) : undefined;
      const { arrivedAtMs, deadlineMs, acceptEncoding, observe, tellsBegan } = message;
      const timeoutMs = request.timeoutUs === undefined ? Number.POSITIVE_INFINITY : request.timeoutUs / 1000;
      const doneAtMs = this.#parts.clock.monotonicMs();
      this.#cost.noteDecoded(message.bytes, doneAtMs - fromMs);
      this.#turns.add({
        ...stateful,
        id,
        request,
        heldBytes,
        rows: rows ?? 1,
        batchKey: rows === undefined ? undefined : batchKey(request.inputs),
        priority: message.priority ?? request.priority ?? DEFAULT_PRIORITY,
        arrivedAtMs,
        deadlineMs: Math.min(deadlineMs, arrivedAtMs + timeoutMs),
        acceptEncoding,
        observe,
        tellsBegan,
        decodeMs: doneAtMs - fromMs,
      });
      return doneAtMs;
    } catch (error) {
      outbox.fail(id, error);
      return this.#parts.clock.monotonicMs();
    }
  }

  async #runBatch(batch: readonly WaitingRequest[]): Promise<void> {
    const ids = batch.map(({ id }) => id);
    const isToTell = batch.some(({ tellsBegan }) => tellsBegan);
    await this.#parts.announce({ ids, isRun: true }, isToTell);
    const beganAtMs = this.#parts.clock.monotonicMs();
    let run: BatchRun;
    try {
      const { session, warn } = this.#parts;
      run = await runTogether(batch, { session, sequences: this.#sequences, batcher: this.#batcher, warn });
    } catch (error) {
      const [first] = batch;
      if (batch.length === 1 && first !== undefined) {
        this.#parts.outbox.fail(first.id, error);
        this.#turns.done(first);
        giveBackTensors(first.request.inputs);
      }
      // One bad request must not fail those that happened to share its batch.
      else this.#line.putBack(batch);
      return;
    }
    const computeMs = this.#parts.clock.monotonicMs() - beganAtMs;
    const figures = { beganAtMs, computeMs, cpuMs: run.cpuMs, batchSize: batch.length };
    const parts = { ...this.#parts, sequences: this.#sequences };
    for (const [index, waiting] of batch.entries()) sendAnswer(waiting, run.outputs[index] ?? [], figures, parts);
    const doneAtMs = this.#parts.clock.monotonicMs();
    this.#estimates.note(runSize(batch), doneAtMs - beganAtMs, doneAtMs);
    this.#cost.noteRun(computeMs, doneAtMs);
    const alike = worthKind(batch);
    if (alike !== undefined) this.#worth.note(alike, batch.length, computeMs);
    for (const waiting of batch) {
      this.#turns.done(waiting);
      giveBackTensors(waiting.request.inputs);
    }
  }

  #tooLate(id: number): void {
    const late = new AppError('deadline_exceeded', 'A run takes longer than the deadline leaves time for.', {
      next: 'Allow more time, or send less at once.',
    });
    this.#parts.outbox.fail(id, late);
  }

  #expire(id: number): void {
    const expired = new AppError('deadline_exceeded', 'The deadline passed before the request could be run.', {
      next: 'Allow more time, or send less at once.',
    });
    this.#parts.outbox.fail(id, expired);
  }
}

import { AppError } from '../../../core/errors.ts';
import { batchKey, batchRows, concatTensors, splitTensors } from '../../../core/tensor/batching.ts';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import { systemClock } from '../../clock.ts';
import { answerOf } from './answer.ts';
import { type BodyReader, decodeBody } from './body.ts';
import { encodeBegan, type InferMessage, type StartMessage } from './messages.ts';
import type { Outbox } from './outbox.ts';
import type { Session } from './session.ts';
import { DEFAULT_PRIORITY, WaitingLine, type WaitingRequest } from './waiting.ts';

export interface SchedulerParts {
  readonly session: Session;
  readonly start: StartMessage;
  /** Whether requests may share a run. */
  readonly batchable: boolean;
  readonly outbox: Outbox;
  readonly readBody: BodyReader;
  /** Must have left the process when it returns: it is what tells who was running if the process dies now. */
  readonly announce: (frame: Buffer) => void;
}

/**
 * Orders what a runner does: everything that has arrived is decoded, what can share a run is batched, and what
 * arrives meanwhile is the next batch. Nothing waits for a batch to fill.
 */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #batchable: boolean;
  readonly #line = new WaitingLine();
  #pumping = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#batchable = parts.batchable;
  }

  accept(id: number, message: InferMessage): void {
    try {
      this.#line.add(this.#decode(id, message));
    } catch (error) {
      this.#refuse(id, error);
      return;
    }
    if (this.#pumping) return;
    this.#pumping = true;
    // Once the event loop has read what else is waiting in the socket.
    setImmediate(() => void this.#pump());
  }

  cancel(id: number): void {
    if (this.#line.remove(id)) {
      this.#parts.outbox.refuse(id, { code: 'request_cancelled', message: 'The request was cancelled.' });
    }
  }

  #decode(id: number, message: InferMessage): WaitingRequest {
    const { session, start, readBody } = this.#parts;
    const arrivedAtMs = systemClock.monotonicMs();
    const request = decodeBody(readBody(message), message, session.signature, start.maxBodyBytes);
    const queuedAtMs = systemClock.monotonicMs();
    const rows = this.#batchable && !message.alone ? batchRows(request.inputs) : undefined;
    const timeoutMs = request.timeoutUs === undefined ? Number.POSITIVE_INFINITY : request.timeoutUs / 1000;
    return {
      id,
      request,
      rows: rows ?? 1,
      batchKey: rows === undefined ? undefined : batchKey(request.inputs),
      priority: message.priority ?? request.priority ?? DEFAULT_PRIORITY,
      deadlineMs: Math.min(message.deadlineMs, arrivedAtMs + timeoutMs),
      acceptEncoding: message.acceptEncoding,
      decodeMs: queuedAtMs - arrivedAtMs,
      queuedAtMs,
    };
  }

  async #pump(): Promise<void> {
    for (;;) {
      for (const expired of this.#line.takeExpired(systemClock.monotonicMs())) this.#refuse(expired.id, expiredError());
      const batch = this.#line.takeBatch(this.#parts.start.maxBatchSize);
      if (batch.length === 0) break;
      await this.#runBatch(batch);
      // Lets the socket be read before the next batch is formed.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    this.#pumping = false;
  }

  async #runBatch(batch: readonly WaitingRequest[]): Promise<void> {
    this.#parts.announce(encodeBegan(batch.map((waiting) => waiting.id)));
    const beganAtMs = systemClock.monotonicMs();
    let outputs: readonly (readonly Tensor[])[];
    try {
      outputs = await this.#runTogether(batch);
    } catch (error) {
      const [first] = batch;
      if (batch.length === 1 && first !== undefined) this.#refuse(first.id, error);
      // One bad request must not fail those that happened to share its batch.
      else for (const waiting of batch) await this.#runBatch([waiting]);
      return;
    }
    const computeMs = systemClock.monotonicMs() - beganAtMs;
    batch.forEach((waiting, index) => {
      this.#answer(waiting, outputs[index] ?? [], { beganAtMs, computeMs, batchSize: batch.length });
    });
  }

  /** One run for all; the outputs of each. */
  async #runTogether(batch: readonly WaitingRequest[]): Promise<readonly (readonly Tensor[])[]> {
    const { session } = this.#parts;
    const [first] = batch;
    if (batch.length === 1 && first !== undefined) return [await session.run(first.request.inputs)];
    const together = await session.run(concatTensors(batch.map((waiting) => waiting.request.inputs)));
    return splitTensors(
      together,
      batch.map((waiting) => waiting.rows),
    );
  }

  #answer(
    waiting: WaitingRequest,
    outputs: readonly Tensor[],
    run: { beganAtMs: number; computeMs: number; batchSize: number },
  ): void {
    const { start, outbox } = this.#parts;
    const encodeFromMs = systemClock.monotonicMs();
    try {
      const answer = answerOf(waiting, outputs, start);
      outbox.answer(waiting.id, answer.chunks, {
        contentEncoding: answer.contentEncoding,
        headerLength: answer.headerLength,
        decodeMs: waiting.decodeMs,
        queueMs: run.beganAtMs - waiting.queuedAtMs,
        computeMs: run.computeMs,
        encodeMs: systemClock.monotonicMs() - encodeFromMs,
        batchSize: run.batchSize,
      });
    } catch (error) {
      this.#refuse(waiting.id, error);
    }
  }

  #refuse(id: number, error: unknown): void {
    const { outbox } = this.#parts;
    if (error instanceof AppError) {
      const { code, message, next, details } = error;
      outbox.refuse(id, { code, message, details, ...(next === undefined ? {} : { next }) });
    } else {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      outbox.refuse(id, { code: 'internal', message });
    }
  }
}

function expiredError(): AppError {
  return new AppError('deadline_exceeded', 'The deadline passed before the request could be run.', {
    next: 'Allow more time, or send less at once.',
  });
}

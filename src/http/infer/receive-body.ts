import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { Payload, PayloadWriter } from '../../serving/ports/payload.ts';
import { bodyTooLarge } from '../errors/body-too-large.ts';

/**
 * What one body is read of in a turn of the event loop. The system reads up to 2 MB of each connection at once where so
 * much has come, which is some milliseconds of copying in which nobody else is heard.
 */
const TURN_BYTES = 256 * 1024;

interface BodyLimits {
  /** From `content-length`; undefined when the body comes in chunks. */
  readonly declaredBytes: number | undefined;
  readonly limitBytes: number;
  readonly open: (expectedBytes: number | undefined) => PayloadWriter;
}

/**
 * Streams a body into its slot, without looking at it. The payload is the caller's; when the body is refused or
 * breaks off, its space has been given back by the time this rejects, and the rest of it is read away so that the
 * client, who may still be sending, gets the answer.
 * @throws AppError `body_too_large`, `overloaded`, `invalid_request`, `request_cancelled`; rejects with the same
 */
export function receiveBody(source: Readable, { declaredBytes, limitBytes, open }: BodyLimits): Promise<Payload> {
  if (declaredBytes !== undefined && declaredBytes > limitBytes) throw tooLarge(limitBytes);
  if (source.destroyed) throw cancelled();
  return new Reception(source, open(declaredBytes), declaredBytes, limitBytes).payload;
}

/** One body on its way in. */
class Reception {
  readonly payload: Promise<Payload>;
  readonly #source: Readable;
  readonly #writer: PayloadWriter;
  readonly #declaredBytes: number | undefined;
  readonly #limitBytes: number;
  #resolve!: (payload: Payload) => void;
  #reject!: (error: unknown) => void;
  #received = 0;
  #inTurn = 0;
  #isOver = false;

  constructor(source: Readable, writer: PayloadWriter, declaredBytes: number | undefined, limitBytes: number) {
    this.#source = source;
    this.#writer = writer;
    this.#declaredBytes = declaredBytes;
    this.#limitBytes = limitBytes;
    this.payload = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const onBroken = () => {
      if (!this.#isOver) this.#fail(cancelled());
    };
    // They stay: taking them off again would cost as much as all the rest.
    source.on('data', (chunk: Uint8Array) => this.#take(chunk));
    source.on('end', () => this.#finish());
    source.on('error', onBroken);
    source.on('close', onBroken);
  }

  #take(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#received += chunk.byteLength;
      if (this.#received > this.#limitBytes) throw tooLarge(this.#limitBytes);
      this.#writer.write(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#inTurn += chunk.byteLength;
    if (this.#inTurn < TURN_BYTES) return;
    this.#inTurn = 0;
    this.#source.pause();
    setImmediate(() => this.#source.resume());
  }

  #finish(): void {
    if (this.#isOver) return;
    const [received, declared] = [this.#received, this.#declaredBytes];
    if (declared !== undefined && received !== declared) {
      const problem = `The body has ${received} bytes, content-length says ${declared}.`;
      this.#fail(new AppError('invalid_request', problem));
    } else if (received === 0) {
      this.#fail(new AppError('invalid_request', 'The request has no body.'));
    } else {
      this.#isOver = true;
      this.#resolve(this.#writer.finish());
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#writer[Symbol.dispose]();
    this.#reject(error);
  }
}

function tooLarge(limitBytes: number): AppError {
  return bodyTooLarge(limitBytes, 'Send less at once, binary tensors, or a compressed body.');
}

function cancelled(): AppError {
  return new AppError('request_cancelled', 'The client went away before the body was complete.');
}

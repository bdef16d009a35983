import { AppError } from '../../../core/errors.ts';
import type { ModelSignature } from '../../../core/model/signature.ts';
import { isBatchable } from '../../../core/model/signature.ts';
import { initialState, type StateTensor } from '../../../core/model/state.ts';
import { batchRows } from '../../../core/tensor/batching.ts';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import type { DecodedRequest } from '../../../core/tensor/decode-request.ts';
import { isTextData } from '../../../core/tensor/elements.ts';
import { quote, requestFault } from '../../../core/tensor/fault.ts';
import { formatShape } from '../../../core/tensor/shape.ts';
import type { Clock } from '../../../serving/ports/clock.ts';
import type { StartMessage } from './messages.ts';

/** Longer ids would be data, of which nobody knows how much. */
const MAX_ID_LENGTH = 256;
const LONGEST_RETRY_S = 60;
/** Between two looks for what has been idle for too long. */
const SHORTEST_WAIT_MS = 1;

/** What a request is to its model's states. */
export interface Statefulness {
  /** Undefined: it runs from the initial state and keeps nothing. */
  readonly sequence: { readonly id: string; readonly start: boolean; readonly end: boolean } | undefined;
  /** Rows of its states. */
  readonly stateRows: number;
}

interface SequenceParts {
  readonly start: Pick<StartMessage, 'state' | 'maxSequences' | 'sequenceIdleMs' | 'mayHaveLost'>;
  /** What clients see of the model. */
  readonly signature: ModelSignature;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** When the first request arrived that is not decoded yet, and may be of any sequence. Undefined: there is none. */
  readonly undecodedSinceMs: () => number | undefined;
  /** Told how many are open, each time that this has changed. */
  readonly onCount: (open: number) => void;
}

interface Sequence {
  /** As inputs of the next run. Undefined: its first run has not ended yet. */
  state: readonly Tensor[] | undefined;
  /** A request of it waits for its run, or runs. */
  isInTurn: boolean;
  /** It goes on elsewhere: what its request leaves is not kept. */
  isForgotten: boolean;
  /** When its last request ended, on the monotonic clock. */
  idleSinceMs: number;
}

/**
 * The open sequences of a model with states, and what they have come to. A request's run begins with what the run before
 * it has left; what fails, or is not run, leaves everything as it was. Of a sequence one request is in its turn at a time,
 * from `enter` to `leave`: that it is so is the caller's part.
 */
export class Sequences {
  readonly #parts: SequenceParts;
  /** Those that are idle stand in the order in which they became so. */
  readonly #open = new Map<string, Sequence>();
  #mayHaveLost: boolean;
  #told = 0;
  #timer: Disposable | undefined;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
    this.#mayHaveLost = parts.start.mayHaveLost;
  }

  /** @throws AppError `invalid_request` for a request that can be none of a sequence, as far as it alone tells */
  of(request: DecodedRequest, isDetached: boolean): Statefulness {
    if (this.#parts.start.state.length === 0) return NO_STATE;
    const rows = isBatchable(this.#parts.signature) ? (batchRows(request.inputs) ?? 1) : 1;
    if (request.sequence === undefined || isDetached) return { sequence: undefined, stateRows: rows };
    const { id, start, end } = request.sequence;
    if (id === undefined) {
      throw requestFault('"sequence_start" and "sequence_end" need a "sequence_id", which the request does not have');
    }
    if (id.length > MAX_ID_LENGTH) {
      throw requestFault(`"sequence_id" may have ${MAX_ID_LENGTH} characters, got ${id.length}`);
    }
    if (rows !== 1) throw requestFault(`A request of a sequence has one row, the inputs of this one have ${rows}`);
    return { sequence: { id, start, end }, stateRows: rows };
  }

  /**
   * The turn of a request has come.
   * @throws AppError `invalid_request`, `sequence_lost` or `queue_full`; then it has no turn
   */
  enter({ id, start }: NonNullable<Statefulness['sequence']>): void {
    const known = this.#open.get(id);
    if (known !== undefined) {
      if (start) throw isOpen(id);
      known.isInTurn = true;
      return;
    }
    if (!start) throw this.#unknown(id);
    if (this.#open.size >= this.#parts.start.maxSequences) this.#expire();
    if (this.#open.size >= this.#parts.start.maxSequences) throw this.#noRoom();
    this.#open.set(id, { state: undefined, isInTurn: true, isForgotten: false, idleSinceMs: 0 });
  }

  /** The states that a request's run begins with. */
  inputsOf({ sequence, stateRows }: Statefulness): readonly Tensor[] {
    const kept = sequence === undefined ? undefined : this.#open.get(sequence.id)?.state;
    return kept ?? this.#parts.start.state.map((tensor) => initialState(tensor, stateRows));
  }

  /**
   * Keeps what a request's run has left, for the next one.
   * @param outputs of that request alone
   * @throws AppError `internal` where the model gave a state of another shape; then nothing has changed
   */
  keep({ sequence }: Statefulness, outputs: readonly Tensor[]): void {
    if (sequence === undefined) return;
    const state = this.#parts.start.state.map((tensor) => nextState(tensor, outputs));
    const known = this.#open.get(sequence.id);
    if (sequence.end) this.#open.delete(sequence.id);
    else if (known !== undefined) known.state = state;
    this.#tell();
  }

  /** The request has been answered, or will not be run. */
  leave({ id }: NonNullable<Statefulness['sequence']>): void {
    const known = this.#open.get(id);
    if (known === undefined) return;
    this.#open.delete(id);
    if (known.state !== undefined && !known.isForgotten) {
      known.isInTurn = false;
      known.idleSinceMs = this.#parts.clock.monotonicMs();
      this.#open.set(id, known);
      this.#timer ??= this.#afterIdle(this.#parts.start.sequenceIdleMs);
    }
    this.#tell();
  }

  /** It goes on elsewhere, and must not go on from here should it come back. Undefined: that is so of all. */
  forget(id: string | undefined): void {
    this.#mayHaveLost = true;
    for (const each of id === undefined ? [...this.#open.keys()] : [id]) {
      const known = this.#open.get(each);
      if (known?.isInTurn === true) known.isForgotten = true;
      else this.#open.delete(each);
    }
    this.#tell();
  }

  #afterIdle(delayMs: number): Disposable {
    return this.#parts.clock.after(delayMs, () => this.#expire());
  }

  /** Forgets what has been idle for too long. What arrived in time does not come too late by waiting behind a long run. */
  #expire(): void {
    const { clock, start, undecodedSinceMs } = this.#parts;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const untilMs = undecodedSinceMs() ?? clock.monotonicMs();
    for (const [id, { isInTurn, idleSinceMs }] of this.#open) {
      if (isInTurn) continue;
      const leftMs = idleSinceMs + start.sequenceIdleMs - untilMs;
      if (leftMs > 0) {
        this.#timer = this.#afterIdle(Math.max(leftMs, SHORTEST_WAIT_MS));
        break;
      }
      this.#open.delete(id);
    }
    this.#tell();
  }

  #tell(): void {
    if (this.#open.size === this.#told) return;
    this.#told = this.#open.size;
    this.#parts.onCount(this.#told);
  }

  #unknown(id: string): AppError {
    const next = 'Begin it with "sequence_start": true.';
    const { sequenceIdleMs } = this.#parts.start;
    const otherwise = `was never started, has ended, or was without a request for ${sequenceIdleMs} ms`;
    if (!this.#mayHaveLost) return new AppError('invalid_request', `Sequence ${quote(id)} ${otherwise}.`, { next });
    return new AppError(
      'sequence_lost',
      `The state of sequence ${quote(id)} is not here: it was lost with its process or was another version's, unless the sequence ${otherwise}.`,
      { next: 'Begin it again with "sequence_start": true.' },
    );
  }

  #noRoom(): AppError {
    const { start, clock } = this.#parts;
    const idle = [...this.#open.values()].filter(({ isInTurn }) => !isInTurn);
    const firstMs = (idle[0]?.idleSinceMs ?? clock.monotonicMs()) + start.sequenceIdleMs - clock.monotonicMs();
    return new AppError('queue_full', `${start.maxSequences} sequences are open: that is the limit.`, {
      retryAfterS: Math.min(LONGEST_RETRY_S, Math.max(1, Math.ceil(firstMs / 1000))),
      next: 'End sequences with "sequence_end": true, or load the model with a larger max_sequences.',
      details: { limit: start.maxSequences },
    });
  }
}

const NO_STATE: Statefulness = { sequence: undefined, stateRows: 0 };

function isOpen(id: string): AppError {
  return new AppError('invalid_request', `Sequence ${quote(id)} is open: it can not be started again.`, {
    next: 'End it with its last request, by "sequence_end": true, or use another id.',
  });
}

/** A copy: the output may be a view of what a whole batch gave. */
function nextState({ input, output, datatype, rowShape }: StateTensor, outputs: readonly Tensor[]): Tensor {
  const tensor = outputs.find(({ name }) => name === output);
  const wanted = formatShape([1, ...rowShape]);
  if (tensor === undefined || formatShape(tensor.shape) !== wanted || isTextData(tensor.data)) {
    const shape = tensor === undefined ? 'nothing' : `shape ${formatShape(tensor.shape)}`;
    throw new AppError('internal', `The model gave ${shape} as state ${quote(output)}, and its input is ${wanted}.`, {
      next: 'Correct the model, or "state" in model.json.',
    });
  }
  return { name: input, datatype, shape: tensor.shape, data: tensor.data.slice() };
}

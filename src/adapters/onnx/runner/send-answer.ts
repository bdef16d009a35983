import type { Tensor } from '../../../core/tensor/datatype.ts';
import type { Clock } from '../../../serving/ports/clock.ts';
import { answerOf } from './answer.ts';
import type { StartMessage } from './messages.ts';
import { observationOf } from './observation.ts';
import type { Outbox } from './outbox.ts';
import type { Sequences } from './sequences.ts';
import type { WaitingRequest } from './waiting.ts';

interface SendParts {
  readonly start: StartMessage;
  readonly outbox: Pick<Outbox, 'answer' | 'fail'>;
  readonly sequences: Pick<Sequences, 'keep'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** The run that a request was in, in milliseconds. */
interface RunFigures {
  readonly beganAtMs: number;
  readonly computeMs: number;
  /** Undefined: nobody asked. */
  readonly cpuMs: number | undefined;
  readonly batchSize: number;
}

/** Sends a request's answer, or why there is none. Its sequence goes on only where there is one. */
export function sendAnswer(
  waiting: WaitingRequest,
  outputs: readonly Tensor[],
  { beganAtMs, computeMs, cpuMs, batchSize }: RunFigures,
  { start, outbox, sequences, clock }: SendParts,
): void {
  const isObserved = waiting.observe && cpuMs !== undefined;
  const observed = isObserved ? observationOf(outputs, waiting.request.outputs, cpuMs) : undefined;
  const encodeFromMs = clock.monotonicMs();
  try {
    const answer = answerOf(waiting, outputs, start);
    // Before the client can hear of it and send what follows; and not where it hears of a failure.
    sequences.keep(waiting, outputs);
    outbox.answer(waiting.id, answer.chunks, {
      contentEncoding: answer.contentEncoding,
      headerLength: answer.headerLength,
      decodeMs: waiting.decodeMs,
      queueMs: beganAtMs - waiting.arrivedAtMs - waiting.decodeMs,
      computeMs,
      encodeMs: clock.monotonicMs() - encodeFromMs,
      batchSize,
      observed,
    });
  } catch (error) {
    outbox.fail(waiting.id, error);
  }
}

import { AppError } from '../../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { PayloadStore } from '../ports/payload.ts';
import type { Supervisor } from '../running/supervisor.ts';
import { type JsonTensor, outputsOf } from './golden-probe.ts';

/** The front parses no tensors, but for these few and small ones: 64 KiB are well under a millisecond. */
export const MAX_PROBE_BYTES = 64 * 1024;
const PROBE_TIMEOUT_MS = 30_000;

export interface ProbeContext {
  readonly payloads: PayloadStore;
  readonly clock: Clock;
}

/** The answer was too long to be looked into here. */
export class ProbeAnswerTooLarge extends Error {
  override readonly name = 'ProbeAnswerTooLarge';
}

/**
 * Sends a small request in JSON by the way that every request takes, and reads the answer.
 * @throws what `Supervisor.run` rejects with; ProbeAnswerTooLarge
 */
export async function runProbe(
  context: ProbeContext,
  supervisor: Supervisor,
  request: object,
  signal: AbortSignal,
): Promise<readonly JsonTensor[]> {
  const body = Buffer.from(JSON.stringify(request));
  const writer = context.payloads.open(body.byteLength);
  writer.write(body);
  const payload = writer.finish();
  const arrivedAtMs = context.clock.monotonicMs();
  try {
    const reply = await supervisor.run({
      payload,
      headerLength: undefined,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      arrivedAtMs,
      deadlineMs: arrivedAtMs + PROBE_TIMEOUT_MS,
      priority: undefined,
      // With a request that hangs it would keep the process from being known to hang.
      alone: true,
      detached: true,
      signal,
    });
    if (reply.body.byteLength > MAX_PROBE_BYTES) throw new ProbeAnswerTooLarge();
    const outputs = outputsOf(JSON.parse(Buffer.from(reply.body).toString('utf8')));
    if (outputs === undefined) throw new AppError('internal', 'The answer has no outputs in JSON.');
    return outputs;
  } finally {
    payload[Symbol.dispose]();
  }
}

import { concatTensors, splitTensors } from '../../../core/tensor/batching.ts';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import type { Batcher } from './batcher.ts';
import { measuredRun } from './observation.ts';
import type { Sequences } from './sequences.ts';
import type { Session } from './session.ts';
import type { WaitingRequest } from './waiting.ts';

export interface BatchRun {
  /** Of each request, in the order of the batch; the states among them. */
  readonly outputs: readonly (readonly Tensor[])[];
  /** Processor time of the whole run, in milliseconds, where one of them asked for it. */
  readonly cpuMs: number | undefined;
}

interface BatchRunParts {
  readonly session: Pick<Session, 'run'>;
  readonly sequences: Pick<Sequences, 'inputsOf'>;
  readonly batcher: Pick<Batcher, 'separate'>;
  readonly warn: (text: string) => void;
}

/** One run for all of them, each with its states. Rejects with what the session rejects with. */
export async function runTogether(batch: readonly WaitingRequest[], parts: BatchRunParts): Promise<BatchRun> {
  const { session, sequences, batcher, warn } = parts;
  const isMeasured = batch.some(({ observe }) => observe);
  const inputs = concatTensors(batch.map((waiting) => [...waiting.request.inputs, ...sequences.inputsOf(waiting)]));
  const { outputs: together, cpuMs } = await measuredRun(session, inputs, isMeasured);
  if (batch.length === 1) return { outputs: [together], cpuMs };
  const rows = batch.map((waiting) => waiting.rows);
  try {
    return { outputs: splitTensors(together, rows), cpuMs };
  } catch (error) {
    // True of the model and not of these requests: no later batch could be split either.
    batcher.separate();
    warn(`requests no longer share runs: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

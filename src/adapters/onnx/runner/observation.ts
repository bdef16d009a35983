import type { Tensor } from '../../../core/tensor/datatype.ts';
import { hasNonFinite } from '../../../core/tensor/non-finite.ts';
import type { RequestedOutput } from '../../../core/tensor/request.ts';
import type { Observation } from '../../../serving/ports/engine.ts';
import type { Session } from './session.ts';

export interface MeasuredRun {
  readonly outputs: readonly Tensor[];
  /** Processor time of this process during the run, of all its threads, in milliseconds. Undefined: nobody asked. */
  readonly cpuMs: number | undefined;
}

export async function measuredRun(
  session: Pick<Session, 'run'>,
  inputs: readonly Tensor[],
  isMeasured: boolean,
): Promise<MeasuredRun> {
  if (!isMeasured) return { outputs: await session.run(inputs), cpuMs: undefined };
  const fromMs = processorTimeMs();
  const outputs = await session.run(inputs);
  return { outputs, cpuMs: processorTimeMs() - fromMs };
}

/** Of an answer, which has the outputs that the request wants and no others. */
export function observationOf(
  outputs: readonly Tensor[],
  requested: readonly RequestedOutput[],
  cpuMs: number,
): Observation {
  const answered = outputs.filter(({ name }) => requested.some((output) => output.name === name));
  return { isFinite: !answered.some(hasNonFinite), cpuMs };
}

/** To the microsecond, and asking takes half of one. */
function processorTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

import { AppError } from '../../../core/errors.ts';
import { isBatchable } from '../../../core/model/signature.ts';
import { concatTensors, splitTensors } from '../../../core/tensor/batching.ts';
import type { Tensor } from '../../../core/tensor/datatype.ts';
import { rowDependence } from '../../../core/tensor/row-dependence.ts';
import { syntheticTensor } from '../../../core/tensor/synthetic.ts';
import type { Session } from './session.ts';

/** Seeds of the two made-up requests: any two that give different tensors. */
const SEEDS = [11, 12] as const;

/**
 * Tries whether a model answers a request in a joined run as it answers it alone: two made-up ones, alone and together.
 * Shapes do not tell: a softmax over the first axis, or an image that is scored against all texts of the run, would
 * give one client's answer a share of another's.
 *
 * Resolves with why requests must not share a run; undefined where they may, or where the model takes no made-up input
 * and so nothing is known.
 */
export async function whyRowsDepend(session: Session): Promise<string | undefined> {
  if (!isBatchable(session.signature)) return 'its states have a first dimension that is not that of its inputs';
  const requests = SEEDS.map((seed) => session.signature.inputs.map((input) => syntheticTensor(input, 1, seed)));
  const alone: Tensor[][] = [];
  try {
    for (const inputs of requests) alone.push(await session.run(inputs));
  } catch (error) {
    if (error instanceof AppError && error.code === 'model_rejected_input') return undefined;
    throw error;
  }
  const difference = await firstDifference(session, requests, alone);
  if (difference === undefined || (await isRandom(session, requests[0] ?? [], alone[0] ?? []))) return undefined;
  return difference;
}

async function firstDifference(
  session: Session,
  requests: readonly (readonly Tensor[])[],
  alone: readonly (readonly Tensor[])[],
): Promise<string | undefined> {
  try {
    const joined = splitTensors(await session.run(concatTensors(requests)), [1, 1]);
    return alone
      .map((outputs, index) => rowDependence(outputs, joined[index] ?? []))
      .find((found) => found !== undefined);
  } catch (error) {
    // It runs them alone and not together, or does not give a row for a row.
    return error instanceof Error ? error.message : String(error);
  }
}

/** A model that draws its outputs gives others each time, and says nothing about its rows. */
async function isRandom(session: Session, inputs: readonly Tensor[], before: readonly Tensor[]): Promise<boolean> {
  return rowDependence(before, await session.run(inputs)) !== undefined;
}

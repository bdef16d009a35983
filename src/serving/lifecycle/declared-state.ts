import { AppError } from '../../core/errors.ts';
import type { ModelManifest } from '../../core/model/manifest.ts';
import type { ModelOptions } from '../../core/model/options.ts';
import { stateTensors, withoutState } from '../../core/model/state.ts';
import type { PreparedModel } from '../ports/engine.ts';

/**
 * The model as clients see it: what its manifest declares to be state is not among its inputs and outputs.
 * @throws AppError `model_unloadable` where the model has no such tensors
 */
export function withDeclaredState(prepared: PreparedModel, { state = [] }: ModelManifest): PreparedModel {
  if (state.length === 0) return prepared;
  const { inspection } = prepared;
  const tensors = stateTensors(inspection.signature, state);
  const signature = withoutState(inspection.signature, tensors);
  return { ...prepared, state: tensors, inspection: { ...inspection, signature } };
}

/**
 * A sequence's state is in one process: with several, each would have a part of its requests.
 * @throws AppError `model_unloadable`
 */
export function refuseInstances({ state }: PreparedModel, { instances }: Pick<ModelOptions, 'instances'>): void {
  if (state === undefined || instances === 1) return;
  throw new AppError('model_unloadable', `A model with states runs in one process, and instances is ${instances}.`, {
    next: 'Leave out "instances"; sequences share runs.',
  });
}

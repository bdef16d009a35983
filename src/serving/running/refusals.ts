import { AppError } from '../../core/errors.ts';
import type { RunnerExit, RunnerSpec } from '../ports/engine.ts';
import { describeExit } from './describe-exit.ts';

/** Why a request to a version is not answered, for the one who sent it. */

/** @param retryAfterS when a place will be free, as far as that can be told */
export function queueFull(label: string, limit: number, retryAfterS: number): AppError {
  return new AppError('queue_full', `${limit} requests wait for ${label}: that is its limit.`, {
    retryAfterS,
    next: 'Send fewer requests at once, or load the model with a larger max_queue_length.',
    details: { limit },
  });
}

export function crashedByRequest(exit: RunnerExit): AppError {
  return new AppError('model_crashed', 'This request crashed the model.', {
    next: 'Do not send it again: it was tried once more by itself and ended the model again.',
    details: { exit: describeExit(exit) },
  });
}

/** Of a request that is not tried again: where others shared its run, nobody knows which one it was. */
export function lostInCrash(exit: RunnerExit): AppError {
  return new AppError('model_crashed', 'The model crashed while it worked on this request.', {
    details: { exit: describeExit(exit) },
  });
}

export function lostInWaiting(label: string, exit: RunnerExit): AppError {
  return new AppError('not_ready', `${label}: its runner ended before it began with this request.`, {
    retryAfterS: 1,
    details: { exit: describeExit(exit) },
  });
}

export function deadlineExceeded(): AppError {
  return new AppError('deadline_exceeded', 'The deadline passed before the answer came.', {
    next: 'Allow more time, or send fewer requests at once.',
  });
}

export function hasFailed({ modelId, version }: Pick<RunnerSpec, 'modelId' | 'version'>, reason: string): AppError {
  return new AppError('not_ready', `${modelId}@${version} has failed: ${reason}`, {
    next: `Load ${modelId} version ${version} again.`,
  });
}

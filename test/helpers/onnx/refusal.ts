import { AppError } from '../../../src/core/errors.ts';

/** The message of the `model_unloadable` that `action` must throw. */
export function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError && error.code === 'model_unloadable') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

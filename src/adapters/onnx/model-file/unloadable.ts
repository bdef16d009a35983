import { AppError, type ErrorOptions } from '../../../core/errors.ts';

/** The one way in which everything about a model file fails. */
export function unloadable(reason: string, options: ErrorOptions = {}): AppError {
  return new AppError('model_unloadable', reason, options);
}

/** A file whose bytes do not make sense as protobuf. */
export function malformed(what: string, position: number): AppError {
  return unloadable(`This is no well-formed ONNX file: ${what} at byte ${position}.`, {
    next: 'Check that the file was exported and copied whole, for example with onnx.checker.check_model.',
  });
}

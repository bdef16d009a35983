import type { ServerResponse } from 'node:http';
import { AppError } from '../core/errors.ts';

/** Aborted when the connection ends before there was an answer to send. */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    if (response.writableEnded) return;
    controller.abort(new AppError('request_cancelled', 'The client went away before it was answered.'));
  };
  if (response.destroyed) abort();
  else response.once('close', abort);
  return controller.signal;
}

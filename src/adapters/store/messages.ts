import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { Store } from '../../serving/ports/store.ts';

/** The calls that cross to the worker: the port, without its closing. */
export type StoreCalls = Omit<Store, typeof Symbol.asyncDispose>;
export type StoreCall = keyof StoreCalls;

/** The port as the worker implements it: SQLite answers synchronously. */
export type SyncStore = {
  [K in StoreCall]: (...args: Parameters<StoreCalls[K]>) => Awaited<ReturnType<StoreCalls[K]>>;
};

export interface WorkerSettings {
  readonly dataDir: string;
  /** How long to wait for another server to let go of the file, in milliseconds. */
  readonly lockWaitMs: number;
}

/** To the worker. Ids rise from 1; id 0 is the opening, which needs no request. */
export type StoreRequest =
  | { readonly id: number; readonly call: StoreCall; readonly args: readonly unknown[] }
  | { readonly id: number; readonly call: 'close' };

export type StoreReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

/** An error as it crosses threads: structured clones lose the class and its fields. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string | undefined;
}

export function toWireError(error: unknown): WireError {
  if (error instanceof AppError) return { code: error.code, message: error.message, next: error.next };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `The state store failed: ${message}.`, next: undefined };
}

export function fromWireError(error: WireError): AppError {
  return new AppError(error.code, error.message, error.next === undefined ? {} : { next: error.next });
}

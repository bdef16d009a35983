import type { ErrorCode } from '../../../core/errors.ts';
import type { PreparedModel } from '../../../serving/ports/engine.ts';

/** The one line of JSON that the preparing process writes. */
export type PrepareResult =
  | { readonly ok: true; readonly prepared: PreparedModel }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly next: string | undefined;
      readonly details: Readonly<Record<string, unknown>>;
    };

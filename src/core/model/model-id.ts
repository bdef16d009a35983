import { AppError } from '../errors.ts';

declare const brand: unique symbol;
/** A validated model id: segments of `[A-Za-z0-9][A-Za-z0-9._-]*` joined by `/`, at most 255 characters. */
export type ModelId = string & { readonly [brand]: 'ModelId' };

export const MAX_MODEL_ID_LENGTH = 255;

/** Words that follow an id in a route, and so can not end one. */
export const RESERVED_LAST_SEGMENTS: readonly string[] = [
  'versions',
  'infer',
  'ready',
  'config',
  'stats',
  'load',
  'unload',
  'rollback',
  'dtesn',
];

const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Why `text` is not a model id, or undefined if it is one. */
export function modelIdFault(text: string): string | undefined {
  if (text.length === 0) return 'a model id can not be empty';
  if (text.length > MAX_MODEL_ID_LENGTH) {
    return `a model id has at most ${MAX_MODEL_ID_LENGTH} characters, this one has ${text.length}`;
  }
  const segments = text.split('/');
  const bad = segments.find((segment) => !SEGMENT.test(segment));
  if (bad !== undefined) {
    return `segment ${JSON.stringify(bad)} is not allowed: each segment starts with a letter or digit and goes on with letters, digits, ".", "_" or "-"`;
  }
  const last = segments.at(-1) ?? '';
  if (RESERVED_LAST_SEGMENTS.includes(last)) return `a model id can not end in "${last}": that word is part of a route`;
  return undefined;
}

/** @throws AppError `invalid_request` with the reason. */
export function parseModelId(text: string): ModelId {
  const fault = modelIdFault(text);
  if (fault !== undefined) throw new AppError('invalid_request', `Invalid model id: ${fault}.`);
  // The one place where the brand is given.
  return text as ModelId;
}

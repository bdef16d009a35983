import { AppError } from '../errors.ts';

const SHOWN_CHARACTERS = 60;
const SHOWN_NAMES = 10;

/** A name or text from a request, quoted and cut, so that an error message stays short whatever came. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}

/** What came in place of what was expected. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return `the string ${quote(value)}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return String(value).slice(0, SHOWN_CHARACTERS);
}

/** `"a", "b"`, cut after ten. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(quote).join(', ');
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}

/** What is wrong with one tensor. */
export function tensorFault(input: string, problem: string): AppError {
  return new AppError('invalid_tensor', `Input ${quote(input)}: ${problem}.`);
}

/** What is wrong with the request around its tensors. */
export function requestFault(problem: string): AppError {
  return new AppError('invalid_request', `${problem}.`);
}

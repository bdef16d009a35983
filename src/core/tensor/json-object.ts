import { describe, requestFault } from './fault.ts';

/** An object as `JSON.parse` gives it: own members only, so no name can reach a prototype. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The `parameters` of a request, input or output; empty when absent or null. @throws AppError `invalid_request` */
export function readParameters(value: unknown, where: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw requestFault(`"parameters" of ${where} must be an object, got ${describe(value)}`);
  return value;
}

/** A boolean member, or undefined when absent or null. @throws AppError `invalid_request` */
export function readBoolean(owner: JsonObject, member: string, where: string): boolean | undefined {
  const value = owner[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') {
    throw requestFault(`"${member}" of ${where} must be true or false, got ${describe(value)}`);
  }
  return value;
}

/**
 * A non-negative integer member, or undefined when absent or null. What is past 2^53 counts as 2^53 − 1.
 *
 * @throws AppError `invalid_request`
 */
export function readCount(owner: JsonObject, member: string, where: string): number | undefined {
  const value = owner[member];
  if (value === undefined || value === null) return undefined;
  const count = typeof value === 'bigint' ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
    throw requestFault(`"${member}" of ${where} must be a non-negative integer, got ${describe(value)}`);
  }
  return Math.min(count, Number.MAX_SAFE_INTEGER);
}

import { describe, requestFault } from './fault.ts';
import { type JsonObject, readBoolean, readCount } from './json-object.ts';
import type { DecodedRequest, SequencePosition } from './request.ts';

const WHERE = 'the request';

/** The reserved members of a request's `parameters`. Zero means "not given", as for Triton's clients. */
export function readReservedParameters(
  parameters: JsonObject,
): Pick<DecodedRequest, 'priority' | 'timeoutUs' | 'sequence'> {
  const priority = readCount(parameters, 'priority', WHERE);
  const timeoutUs = readCount(parameters, 'timeout', WHERE);
  const sequence = readSequence(parameters);
  return {
    ...(priority ? { priority } : {}),
    ...(timeoutUs ? { timeoutUs } : {}),
    ...(sequence === undefined ? {} : { sequence }),
  };
}

function readSequence(parameters: JsonObject): SequencePosition | undefined {
  const start = readBoolean(parameters, 'sequence_start', WHERE) ?? false;
  const end = readBoolean(parameters, 'sequence_end', WHERE) ?? false;
  const id = readSequenceId(parameters['sequence_id']);
  return id === undefined && !start && !end ? undefined : { id, start, end };
}

function readSequenceId(value: unknown): string | undefined {
  if (value === undefined || value === null || value === 0 || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' && value > 0n) return value.toString();
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value);
  throw requestFault(`"sequence_id" of the request must be a string or a non-negative integer, got ${describe(value)}`);
}

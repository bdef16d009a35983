import type { ModelSignature } from '../model/signature.ts';
import { describe, requestFault } from './fault.ts';
import { checkJsonLimits } from './json-limits.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { decodeText } from './text.ts';

/** An integer literal of 16 digits or more: the shortest that a double may not hold. Fractions do not match. */
const LONG_INTEGER = /[[,:\s-]\d{16}/;
const INTEGER = /^-?\d+$/;
const BYTE_ORDER_MARK = 0xfeff;

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
// The third argument of a reviver is part of the language (JSON.parse source text access), not yet of TypeScript's lib.
const parseWithSource = JSON.parse as (text: string, reviver?: SourceReviver) => unknown;

/**
 * The request object in this JSON. Integers past 2^53 are bigints where the model takes 64-bit integers and the text
 * has such literals; that exact reading costs about 1 µs per value, thirty times the plain one, so it is not the rule.
 *
 * @throws AppError `invalid_request` when the bytes are not UTF-8, not JSON or not an object, or nested beyond reason
 */
export function parseRequestJson(bytes: Uint8Array, signature: ModelSignature): JsonObject {
  const text = decodeText(bytes);
  if (text === undefined) throw requestFault('The request must be JSON in UTF-8, got bytes that are not UTF-8');
  checkJsonLimits(text);
  const value = parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text, signature);
  if (!isJsonObject(value)) throw requestFault(`The request must be a JSON object, got ${describe(value)}`);
  return value;
}

function parse(text: string, signature: ModelSignature): unknown {
  try {
    return parseWithSource(text, needsExactIntegers(text, signature) ? exactInteger : undefined);
  } catch (error) {
    // The reviver recurses: a nesting of some thousands exhausts the stack, which V8 reports as a RangeError.
    if (error instanceof RangeError) throw requestFault('The request is nested too deeply');
    const reason = error instanceof Error ? error.message : String(error);
    throw requestFault(`The request must be JSON: ${reason.slice(0, 200)}`);
  }
}

function needsExactIntegers(text: string, signature: ModelSignature): boolean {
  const has64Bit = signature.inputs.some(({ datatype }) => datatype === 'INT64' || datatype === 'UINT64');
  return (has64Bit || text.includes('"sequence_id"')) && LONG_INTEGER.test(text);
}

function exactInteger(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}

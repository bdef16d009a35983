import type { ModelSignature } from '../model/signature.ts';
import { decodeRawRequest } from './decode-raw-request.ts';
import { describe, requestFault } from './fault.ts';
import { type JsonObject, readBoolean, readParameters } from './json-object.ts';
import { parseRequestJson } from './parse-request-json.ts';
import { type BinarySection, readInputs } from './read-inputs.ts';
import type { DecodedRequest } from './request.ts';
import { readReservedParameters } from './request-parameters.ts';
import { readRequestedOutputs } from './requested-outputs.ts';

export type { DecodedRequest } from './request.ts';

/**
 * Decodes an Open Inference Protocol request against the model's signature. Unknown members are ignored; null stands
 * for "absent" in optional ones.
 *
 * **The tensors may be views of `body`**: they are valid only as long as the caller leaves its bytes alone.
 *
 * @param headerLength bytes of the JSON header when binary tensors follow it; undefined: all of the body is JSON;
 *   0: the body is the raw elements of the model's one input
 * @throws AppError `invalid_request` for the request's form, `invalid_tensor` for an input; the message names the
 *   member or input, what was expected and what came
 */
export function decodeRequest(
  body: Uint8Array,
  headerLength: number | undefined,
  signature: ModelSignature,
): DecodedRequest {
  if (headerLength === 0) return decodeRawRequest(body, signature);
  const binary = binarySectionOf(body, headerLength);
  const request = parseRequestJson(headerLength === undefined ? body : body.subarray(0, headerLength), signature);
  const parameters = readParameters(request['parameters'], 'the request');
  const binaryByDefault = readBoolean(parameters, 'binary_data_output', 'the request') ?? false;
  return {
    ...readId(request),
    ...readReservedParameters(parameters),
    outputs: readRequestedOutputs(request['outputs'], signature, binaryByDefault),
    inputs: readInputs(request['inputs'], signature, binary),
  };
}

function binarySectionOf(body: Uint8Array, headerLength: number | undefined): BinarySection | undefined {
  if (headerLength === undefined) return undefined;
  if (!Number.isSafeInteger(headerLength) || headerLength < 0) {
    throw requestFault(`The JSON header's length must be a non-negative integer, got ${headerLength}`);
  }
  if (headerLength > body.length) {
    throw requestFault(`The JSON header is said to be ${headerLength} bytes long, but the body has ${body.length}`);
  }
  return { bytes: body.subarray(headerLength), position: 0 };
}

function readId(request: JsonObject): { readonly id?: string } {
  const id = request['id'];
  if (id === undefined || id === null) return {};
  if (typeof id !== 'string') throw requestFault(`"id" must be a string, got ${describe(id)}`);
  return { id };
}

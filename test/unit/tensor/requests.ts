import type { AppError } from '../../../src/core/errors.ts';
import type { ModelSignature, TensorSpec } from '../../../src/core/model/signature.ts';
import type { Datatype } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';

export function spec(name: string, datatype: Datatype, shape: readonly number[]): TensorSpec {
  return { name, datatype, shape };
}

/** A model with the given inputs and one FP32 output `y`. */
export function model(...inputs: readonly TensorSpec[]): ModelSignature {
  return { inputs, outputs: [spec('y', 'FP32', [-1, 3])] };
}

export function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A request with one input `x`; `members` replace or add to it. */
export function oneInput(datatype: string, shape: unknown, members: Record<string, unknown>): Record<string, unknown> {
  return { inputs: [{ name: 'x', datatype, shape, ...members }] };
}

/** The error that decoding ends in; fails the test when it does not. */
export function refusal(body: unknown, signature: ModelSignature, headerLength?: number): AppError {
  try {
    decodeRequest(body instanceof Uint8Array ? body : bytes(body), headerLength, signature);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('the request was accepted');
}

import type { ModelSignature, TensorSpec } from '../model/signature.ts';
import { tensorFromBytes } from './binary.ts';
import { ELEMENT_BYTES, type Tensor } from './datatype.ts';
import { requestFault, tensorFault } from './fault.ts';
import type { DecodedRequest } from './request.ts';
import { allOutputs } from './requested-outputs.ts';
import { elementCount, formatShape } from './shape.ts';
import { textElement } from './text-element.ts';

/**
 * A body without any header: the elements of the model's one input. Its shape is the model's; one variable dimension
 * follows from the number of bytes, and where there are two the first is a batch of 1. For BYTES the whole body is
 * one element, without a length before it. All outputs are answered in binary.
 *
 * @throws AppError `invalid_request`, `invalid_tensor`
 */
export function decodeRawRequest(body: Uint8Array, signature: ModelSignature): DecodedRequest {
  const [spec, ...others] = signature.inputs;
  if (spec === undefined || others.length > 0) {
    throw requestFault(
      `A body without JSON (Inference-Header-Content-Length: 0) needs a model with one input, this one has ${signature.inputs.length}`,
    );
  }
  return { inputs: [rawInput(body, spec)], outputs: allOutputs(signature, true) };
}

function rawInput(body: Uint8Array, spec: TensorSpec): Tensor {
  if (spec.datatype === 'BYTES') return rawText(body, spec);
  return tensorFromBytes(spec.name, spec.datatype, rawShape(body.length, spec), body);
}

function rawText(body: Uint8Array, spec: TensorSpec): Tensor {
  if (spec.shape.some((dimension) => dimension >= 0 && dimension !== 1)) {
    throw tensorFault(
      spec.name,
      `a body without JSON is one BYTES element, but the model has shape ${formatShape(spec.shape)}`,
    );
  }
  const text = textElement(spec.name, 0, body);
  return { name: spec.name, datatype: 'BYTES', shape: spec.shape.map(() => 1), data: [text] };
}

function rawShape(bytes: number, spec: TensorSpec): number[] {
  const shape = [...spec.shape];
  const variable = shape.flatMap((dimension, axis) => (dimension < 0 ? [axis] : []));
  if (variable.length > 1 && variable[0] === 0) {
    shape[0] = 1;
    variable.shift();
  }
  const [axis, ...more] = variable;
  if (axis === undefined) return shape;
  if (more.length > 0) {
    throw tensorFault(
      spec.name,
      `a body without JSON can leave one dimension open after the first, but the model has shape ${formatShape(spec.shape)}`,
    );
  }
  const step = elementCount(shape.with(axis, 1)) * ELEMENT_BYTES[spec.datatype];
  if (bytes === 0 || bytes % step !== 0) {
    throw tensorFault(
      spec.name,
      `${spec.datatype} ${formatShape(spec.shape)} takes a multiple of ${step} bytes, more than none, got ${bytes}`,
    );
  }
  return shape.with(axis, bytes / step);
}

import type { ModelSignature, TensorSpec } from '../../core/model/signature.ts';

/** Past this many elements a made-up request would cost the front more than it tells. */
export const MAX_ELEMENTS = 4096;

/**
 * An inference request with made-up inputs of the right shapes and data types (1 for each free dimension), or
 * undefined where none can be written in JSON: half precision has no JSON form, and large inputs are left alone.
 */
export function syntheticRequest(signature: ModelSignature): object | undefined {
  let elements = 0;
  const inputs: object[] = [];
  for (const spec of signature.inputs) {
    const shape = spec.shape.map((dimension) => Math.max(1, dimension));
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    elements += count;
    const value = syntheticValue(spec);
    if (value === undefined || elements > MAX_ELEMENTS) return undefined;
    inputs.push({ name: spec.name, shape, datatype: spec.datatype, data: new Array(count).fill(value) });
  }
  return { inputs };
}

/** Integers are often indices: 0 is in every table. Floats are 1, so that nothing is divided by zero. */
function syntheticValue(spec: TensorSpec): unknown {
  switch (spec.datatype) {
    case 'FP16':
    case 'BF16':
      return undefined;
    case 'BYTES':
      return 'a';
    case 'BOOL':
      return false;
    case 'FP32':
    case 'FP64':
      return 1;
    default:
      return 0;
  }
}

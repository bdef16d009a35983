import type { ModelSignature } from '../../core/model/signature.ts';
import { bytesOf } from '../../core/tensor/binary.ts';
import type { Tensor } from '../../core/tensor/datatype.ts';
import { isHalf, isTextData } from '../../core/tensor/elements.ts';
import { elementCount } from '../../core/tensor/shape.ts';
import { syntheticTensor } from '../../core/tensor/synthetic.ts';
import { MAX_ELEMENTS } from './synthetic-request.ts';

/** Wide enough to reach both sides of a rectifier, and the flat ends of what saturates. */
const FLOATS = { from: -2, to: 2 };

export interface SeededRequest {
  readonly body: Uint8Array;
  /** Bytes of the JSON header where binary tensors follow: half precision has no JSON form. Otherwise all is JSON. */
  readonly headerLength: number | undefined;
}

/**
 * An inference request with made-up inputs of the right shapes and data types, 1 for each free dimension: the same for
 * the same seed, and another for another as far as there are others (a single BOOL has two). Outputs are asked for in
 * binary where one of them has no JSON form. Undefined where the inputs have more than 4096 elements.
 */
export function seededRequest(signature: ModelSignature, seed: number): SeededRequest | undefined {
  const specs = signature.inputs;
  const sizes = specs.map(({ shape }) => elementCount(shape.map((dimension) => Math.abs(dimension))));
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_ELEMENTS) return undefined;
  const tensors = specs.map((spec, index) => syntheticTensor(spec, 1, seed * specs.length + index, FLOATS));
  const binary_data_output = signature.outputs.some(({ datatype }) => isHalf(datatype));
  const parameters = binary_data_output ? { parameters: { binary_data_output } } : {};
  if (specs.some(({ datatype }) => isHalf(datatype))) return binaryRequest(tensors, parameters);
  const inputs = tensors.map((tensor) => ({ ...headOf(tensor), data: jsonData(tensor) }));
  return { body: Buffer.from(JSON.stringify({ inputs, ...parameters })), headerLength: undefined };
}

function binaryRequest(tensors: readonly Tensor[], parameters: object): SeededRequest {
  const binaries = tensors.map(bytesOf);
  const inputs = tensors.map((tensor, index) => ({
    ...headOf(tensor),
    parameters: { binary_data_size: binaries[index]?.length },
  }));
  const header = Buffer.from(JSON.stringify({ inputs, ...parameters }));
  return { body: Buffer.concat([header, ...binaries]), headerLength: header.length };
}

function headOf({ name, shape, datatype }: Tensor): Pick<Tensor, 'name' | 'shape' | 'datatype'> {
  return { name, shape, datatype };
}

/** 64-bit integers are 0 or 1, so that numbers hold them. */
function jsonData({ datatype, data }: Tensor): readonly unknown[] {
  if (isTextData(data)) return data;
  const elements: Iterable<unknown> = data;
  const numbers = Array.from(elements, Number);
  return datatype === 'BOOL' ? numbers.map((number) => number !== 0) : numbers;
}

import { tensorFromBytes } from './binary.ts';
import { DATATYPES, type Datatype, type TensorData } from './datatype.ts';
import { isTextData } from './elements.ts';
import { quote } from './fault.ts';
import { bf16ToFloats } from './half.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { elementCount, formatShape } from './shape.ts';
import { decodeText } from './text.ts';

/** One output of an answer, as far as numbers can tell of it. */
export interface AnsweredOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /**
   * Its elements, row-major: BOOL as 0 and 1, 64-bit integers past 2^53 as the nearest double, and NaN for what JSON has
   * no number for. Undefined for BYTES.
   */
  readonly numbers: Float32Array | Float64Array | undefined;
}

/**
 * The outputs of an answer in the form of the Open Inference Protocol, in its order. They may be views of `body`.
 *
 * @param headerLength bytes of the JSON header when binary tensors follow it; undefined: all of the body is JSON
 * @throws Error where it is no such answer
 */
export function readAnswer(body: Uint8Array, headerLength: number | undefined): AnsweredOutput[] {
  const outputs = parse(headerLength === undefined ? body : body.subarray(0, headerLength))['outputs'];
  if (!Array.isArray(outputs)) throw new Error('the answer has no outputs');
  let position = headerLength ?? body.length;
  return outputs.map((output: unknown) => {
    const head = readHead(output);
    const { binarySize, data } = head;
    if (binarySize === undefined) return answered(head, numbersOfJson(head, data));
    const bytes = body.subarray(position, position + binarySize);
    position += binarySize;
    return answered(head, numbersOfBytes(head, bytes));
  });
}

function parse(bytes: Uint8Array): JsonObject {
  const value: unknown = JSON.parse(decodeText(bytes) ?? '');
  if (!isJsonObject(value)) throw new Error('the answer is no JSON object');
  return value;
}

interface OutputHead extends Omit<AnsweredOutput, 'numbers'> {
  readonly binarySize: number | undefined;
  readonly data: unknown;
}

function readHead(output: unknown): OutputHead {
  if (!isJsonObject(output)) throw new Error('an output of the answer is no object');
  const { name, shape, parameters, data } = output;
  const datatype = DATATYPES.find((known) => known === output['datatype']);
  if (typeof name !== 'string' || datatype === undefined || !isShape(shape)) {
    throw new Error('an output of the answer lacks its name, data type or shape');
  }
  const binarySize = isJsonObject(parameters) ? parameters['binary_data_size'] : undefined;
  return { name, datatype, shape, data, binarySize: typeof binarySize === 'number' ? binarySize : undefined };
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
}

function answered({ name, datatype, shape }: OutputHead, numbers: AnsweredOutput['numbers']): AnsweredOutput {
  return { name, datatype, shape, numbers };
}

function numbersOfJson(head: OutputHead, data: unknown): AnsweredOutput['numbers'] {
  const flat: unknown[] = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [];
  if (!Array.isArray(data) || flat.length !== elementCount(head.shape)) throw unreadable(head);
  if (head.datatype === 'BYTES') return undefined;
  // 32-bit floats are written with digits enough to be read as the same float again.
  return head.datatype === 'FP32' ? Float32Array.from(flat, numberOf) : Float64Array.from(flat, numberOf);
}

function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : Number.NaN;
}

function numbersOfBytes(head: OutputHead, bytes: Uint8Array): AnsweredOutput['numbers'] {
  const { name, datatype, shape } = head;
  if (datatype === 'BYTES') return undefined;
  let data: TensorData;
  try {
    data = tensorFromBytes(name, datatype, shape, bytes).data;
  } catch (cause) {
    throw unreadable(head, cause);
  }
  if (isTextData(data) || data instanceof Float32Array || data instanceof Float64Array) {
    return isTextData(data) ? undefined : data;
  }
  if (datatype === 'BF16' && data instanceof Uint16Array) return bf16ToFloats(data);
  const elements: Iterable<unknown> = data;
  return Float64Array.from(elements, Number);
}

function unreadable({ name, datatype, shape }: OutputHead, cause?: unknown): Error {
  return new Error(
    `output ${quote(name)} of the answer does not have the elements of ${datatype} ${formatShape(shape)}`,
    {
      cause,
    },
  );
}

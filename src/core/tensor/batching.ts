import { AppError } from '../errors.ts';
import type { Tensor, TensorData } from './datatype.ts';
import { ELEMENT_ARRAYS, isTextData, type NumericData } from './elements.ts';
import { quote } from './fault.ts';
import { elementCount, formatShape } from './shape.ts';

/**
 * Equal for two requests exactly when their inputs agree in names, data types and all dimensions but the first.
 * They can share a run when `batchRows` is defined for both.
 */
export function batchKey(inputs: readonly Tensor[]): string {
  let key = '';
  for (const { name, datatype, shape } of inputs) {
    key += `${JSON.stringify(name)}${datatype}${shape.length === 0 ? '' : `[*,${shape.slice(1).join(',')}]`};`;
  }
  return key;
}

/** The rows that a request brings to a batch: the first dimension that all its inputs share, else undefined. */
export function batchRows(inputs: readonly Tensor[]): number | undefined {
  const rows = inputs[0]?.shape[0];
  return inputs.every(({ shape }) => shape[0] === rows) ? rows : undefined;
}

/**
 * The inputs of several requests, joined along the first dimension. The requests must have the same `batchKey`.
 * A single request is returned as it is.
 *
 * Worked example: inputs [2, 3] and [1, 3] → [3, 3], rows in the order of the requests.
 */
export function concatTensors(requests: readonly (readonly Tensor[])[]): Tensor[] {
  const [first, ...others] = requests;
  if (first === undefined) return [];
  if (others.length === 0) return [...first];
  return first.map((tensor, input) => concat(requests.map((inputs) => sameInput(inputs, input, tensor))));
}

function sameInput(inputs: readonly Tensor[], index: number, like: Tensor): Tensor {
  const tensor = inputs[index];
  if (tensor === undefined || tensor.datatype !== like.datatype) {
    throw new AppError('internal', `Requests without the same input ${quote(like.name)} can not share a run.`);
  }
  return tensor;
}

function concat(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new RangeError('there is nothing to join');
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const shape = first.shape.with(0, rows);
  return { ...first, shape, data: concatData(first.datatype, tensors, elementCount(shape)) };
}

function concatData(datatype: Tensor['datatype'], tensors: readonly Tensor[], count: number): TensorData {
  if (datatype === 'BYTES') return tensors.flatMap(({ data }) => (isTextData(data) ? data : []));
  const joined: NumericData = new ELEMENT_ARRAYS[datatype](count);
  let offset = 0;
  for (const { data } of tensors) {
    copyInto(joined, data, offset);
    offset += data.length;
  }
  return joined;
}

/** Copies bytes, as the arrays' types are equal: neither conversions nor NaN payloads get in the way. */
function copyInto(target: NumericData, source: TensorData, offset: number): void {
  if (isTextData(source)) return;
  const from = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  new Uint8Array(target.buffer, target.byteOffset).set(from, offset * target.BYTES_PER_ELEMENT);
}

/**
 * Takes a run's outputs apart again: one list of tensors per entry of `rows`. Numeric tensors are views of the run's.
 *
 * @param rows the rows that each request brought
 * @throws AppError `internal` when an output does not have one row per row of the batch
 */
export function splitTensors(outputs: readonly Tensor[], rows: readonly number[]): Tensor[][] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  for (const output of outputs) checkRows(output, total);
  const rowSizes = outputs.map(({ shape }) => elementCount(shape.slice(1)));
  let from = 0;
  return rows.map((count) => {
    const start = from;
    from += count;
    return outputs.map((output, index) => sliceRows(output, rowSizes[index] ?? 0, start, count));
  });
}

function checkRows({ name, shape }: Tensor, total: number): void {
  if (shape[0] === total) return;
  throw new AppError(
    'internal',
    `The model answered a batch of ${total} rows with output ${quote(name)} of shape ${formatShape(shape)}.`,
    { next: 'Load the model with max_batch_size 1: it does not treat the rows of its inputs independently.' },
  );
}

/** @param rowSize elements in a row */
function sliceRows(output: Tensor, rowSize: number, start: number, count: number): Tensor {
  const { data } = output;
  const from = start * rowSize;
  const to = from + count * rowSize;
  const part = isTextData(data) ? data.slice(from, to) : data.subarray(from, to);
  return { ...output, shape: output.shape.with(0, count), data: part };
}

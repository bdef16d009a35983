import type { Datatype, TensorData } from './datatype.ts';
import { describe, tensorFault } from './fault.ts';
import { fillBooleans, fillFloats, fillIntegers, fillLongs, fillTexts } from './json-elements.ts';
import { elementCount, formatShape } from './shape.ts';

/**
 * The elements of an input's `data` member, which is flat or nested exactly as the shape is.
 *
 * Memory is taken only once the counts are known to agree, so a small body can not ask for a large tensor.
 * Work and stack do not depend on how deep the JSON is nested: only as many levels as the shape has are opened.
 *
 * @throws AppError `invalid_tensor`
 */
export function dataFromJson(name: string, datatype: Datatype, shape: readonly number[], data: unknown): TensorData {
  if (!Array.isArray(data)) throw tensorFault(name, `"data" must be an array, got ${describe(data)}`);
  const rows = shape.length > 1 && Array.isArray(data[0]) ? innermostArrays(name, shape, data) : [data];
  const count = elementCount(shape);
  if (rows.length === 1 && rows[0]?.length !== count) {
    throw tensorFault(name, `shape ${formatShape(shape)} takes ${count} elements, "data" has ${rows[0]?.length}`);
  }
  return elementsOf(name, datatype, rows, count);
}

/** Opens nested arrays level by level, checking each length against its dimension. */
function innermostArrays(name: string, shape: readonly number[], data: readonly unknown[]): unknown[][] {
  let level: unknown[] = [data];
  let opened: unknown[][] = [];
  for (let axis = 0; axis < shape.length; axis += 1) {
    opened = [];
    for (const node of level) {
      if (!Array.isArray(node) || node.length !== shape[axis]) {
        throw nestingFault(name, shape, axis, opened.length, node);
      }
      opened.push(node);
    }
    if (axis < shape.length - 1) level = opened.flat(1);
  }
  return opened;
}

function nestingFault(name: string, shape: readonly number[], axis: number, position: number, node: unknown) {
  const got = Array.isArray(node) ? `an array of ${node.length}` : describe(node);
  return tensorFault(
    name,
    `${pathTo(position, shape.slice(0, axis))} must be an array of ${shape[axis]} (nested as shape ${formatShape(shape)}), got ${got}`,
  );
}

/** `data[1][0]` for position 2 in a level of shape [2, 2]. */
function pathTo(position: number, outer: readonly number[]): string {
  let rest = position;
  let path = '';
  for (const dimension of outer.toReversed()) {
    path = `[${rest % dimension}]${path}`;
    rest = Math.floor(rest / dimension);
  }
  return `data${path}`;
}

function elementsOf(name: string, datatype: Datatype, rows: readonly unknown[][], count: number): TensorData {
  switch (datatype) {
    case 'BOOL':
      return fillBooleans(name, new Uint8Array(count), rows);
    case 'UINT8':
      return fillIntegers(name, datatype, new Uint8Array(count), rows);
    case 'UINT16':
      return fillIntegers(name, datatype, new Uint16Array(count), rows);
    case 'UINT32':
      return fillIntegers(name, datatype, new Uint32Array(count), rows);
    case 'INT8':
      return fillIntegers(name, datatype, new Int8Array(count), rows);
    case 'INT16':
      return fillIntegers(name, datatype, new Int16Array(count), rows);
    case 'INT32':
      return fillIntegers(name, datatype, new Int32Array(count), rows);
    case 'UINT64':
      return fillLongs(name, datatype, new BigUint64Array(count), rows);
    case 'INT64':
      return fillLongs(name, datatype, new BigInt64Array(count), rows);
    case 'FP32':
      return fillFloats(name, datatype, new Float32Array(count), rows);
    case 'FP64':
      return fillFloats(name, datatype, new Float64Array(count), rows);
    case 'BYTES':
      return fillTexts(name, rows);
    case 'FP16':
    case 'BF16':
      throw tensorFault(
        name,
        `${datatype} has no JSON form: send it as binary data, with "binary_data_size" in its parameters`,
      );
  }
}

import type { Tensor } from './datatype.ts';
import { isTextData, type NumericData } from './elements.ts';
import { float32Text } from './float-text.ts';
import { bf16ToFloats } from './half.ts';
import { elementCount } from './shape.ts';

/**
 * The classification extension: the `count` highest elements of each row in place of the tensor, each as
 * `value:index` or `value:index:label`. Rows go along the first dimension when there is more than one dimension; an
 * index counts within its row. Equal values keep the order of their indices; NaN comes last.
 *
 * @returns BYTES of shape `[rows, k]`, or `[k]` for a tensor of one dimension; k is `count` or the length of a row,
 *   whichever is less
 */
export function classify(tensor: Tensor, count: number, labels: readonly string[]): Tensor {
  const { name, shape, data } = tensor;
  if (isTextData(data)) throw new TypeError(`output ${name} is BYTES, which can not be classified`);
  // A BF16 tensor holds raw bits, whose order as integers is not that of the numbers.
  const values = tensor.datatype === 'BF16' && data instanceof Uint16Array ? bf16ToFloats(data) : data;
  const rows = shape.length > 1 ? (shape[0] ?? 0) : 1;
  const classes = shape.length > 1 ? elementCount(shape.slice(1)) : elementCount(shape);
  const k = Math.min(count, classes);
  const texts: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (const index of topIndices(values.subarray(row * classes, (row + 1) * classes), k)) {
      const value = values[row * classes + index] ?? 0;
      const label = labels[index];
      texts.push(`${valueText(value, values)}:${index}${label ? `:${label}` : ''}`);
    }
  }
  return { name, datatype: 'BYTES', shape: shape.length > 1 ? [rows, k] : [k], data: texts };
}

function topIndices(values: NumericData, k: number): number[] {
  const order = Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => compareDown(values[a] ?? 0, values[b] ?? 0) || a - b);
  return order.slice(0, k);
}

function compareDown(a: number | bigint, b: number | bigint): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function valueText(value: number | bigint, values: NumericData): string {
  const isSingle = values instanceof Float32Array || values instanceof Float16Array;
  return isSingle ? float32Text(Number(value)) : String(value);
}

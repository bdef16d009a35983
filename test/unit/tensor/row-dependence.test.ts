import { expect, test } from 'vitest';
import { isBatchable, namedDimensions, type TensorSpec } from '../../../src/core/model/signature.ts';
import type { Datatype, TensorData } from '../../../src/core/tensor/datatype.ts';
import { rowDependence } from '../../../src/core/tensor/row-dependence.ts';

const tensor = (data: TensorData, datatype: Datatype = 'FP32', shape = [data.length]) => ({
  name: 'y',
  datatype,
  shape,
  data,
});
const floats = (...values: number[]) => tensor(Float32Array.from(values));

test.each([
  ['equal', floats(1, 2), floats(1, 2)],
  ['summed in another order', floats(1, 2), floats(1.000001, 2)],
  ['quantised by another largest value', floats(1, 2, 3), floats(1.02, 1.98, 3.01)],
  ['not numbers in the same places', floats(Number.NaN, 2), floats(Number.NaN, 2)],
  ['nothing but zeros', floats(0, 0), floats(0, 0)],
  ['equal text', tensor(['a'], 'BYTES'), tensor(['a'], 'BYTES')],
])('answers that are %s do not depend on their neighbours', (_, alone, joined) => {
  expect(rowDependence([alone], [joined])).toBeUndefined();
});

test.each([
  ['values', floats(1, 2), floats(0.5, 1), 'other values'],
  ['values beside zero', floats(0, 0), floats(0.1, 0), 'other values'],
  ['what is not finite', floats(Number.POSITIVE_INFINITY), floats(1), 'other values'],
  ['an integer', tensor(Int32Array.of(1), 'INT32'), tensor(Int32Array.of(2), 'INT32'), 'other values'],
  ['text', tensor(['a'], 'BYTES'), tensor(['b'], 'BYTES'), 'other values'],
  ['shapes', floats(1, 2), tensor(Float32Array.of(1, 2), 'FP32', [1, 2]), 'shape [2]'],
])('answers that differ in %s do', (_, alone, joined, reason) => {
  expect(rowDependence([alone], [joined])).toContain(reason);
});

const spec = (...names: (string | number | undefined)[]): TensorSpec => ({
  name: 'x',
  datatype: 'FP32',
  shape: names.map((name) => (typeof name === 'number' ? name : -1)),
  ...namedDimensions(names.map((name) => (typeof name === 'string' ? name : ''))),
});

test.each([
  ['one name for all rows', [spec('batch', 3)], [spec('batch', 3)], true],
  ['no names', [spec(undefined, 3)], [spec(undefined)], true],
  ['an output that names its rows otherwise', [spec('unk_1', 3)], [spec('unk_2', 3)], true],
  ['inputs with rows of their own', [spec('texts', 2), spec('images', 2)], [spec('images', 3)], false],
  ['rows that are another axis too', [spec('n', 2)], [spec('n', 'n')], false],
  ['a fixed first dimension', [spec(1, 3)], [spec('batch', 3)], false],
  ['a number for an output', [spec('batch', 3)], [spec()], false],
])('%s', (_, inputs, outputs, expected) => {
  expect(isBatchable({ inputs, outputs })).toBe(expected);
});

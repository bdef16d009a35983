import { describe, expect, test } from 'vitest';
import { batchKey, batchRows, concatTensors, splitTensors } from '../../../src/core/tensor/batching.ts';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';

const floats = (name: string, shape: number[], values: number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: new Float32Array(values),
});

describe('the batch key', () => {
  const base = [floats('x', [1, 2], [1, 2])];

  test('does not depend on the first dimension or the values', () => {
    expect(batchKey([floats('x', [2, 2], [1, 2, 3, 4])])).toBe(batchKey(base));
  });

  test.each<[string, Tensor[]]>([
    ['another dimension', [floats('x', [1, 3], [1, 2, 3])]],
    ['another rank', [floats('x', [1, 2, 1], [1, 2])]],
    ['another name', [floats('z', [1, 2], [1, 2])]],
    ['another datatype', [{ name: 'x', datatype: 'INT32', shape: [1, 2], data: new Int32Array(2) }]],
    ['one input more', [...base, floats('z', [1], [1])]],
    ['a scalar', [floats('x', [], [1])]],
  ])('differs for %s', (_, inputs) => {
    expect(batchKey(inputs)).not.toBe(batchKey(base));
  });

  test('tells a scalar from a vector', () => {
    expect(batchKey([floats('x', [], [1])])).not.toBe(batchKey([floats('x', [1], [1])]));
  });
});

describe('the rows of a request', () => {
  test('are the first dimension that all inputs share', () => {
    expect(batchRows([floats('x', [3, 1], [1, 2, 3]), floats('z', [3], [1, 2, 3])])).toBe(3);
  });

  test('are undefined where inputs differ, are scalar or missing', () => {
    expect(batchRows([floats('x', [3], [1, 2, 3]), floats('z', [1], [1])])).toBeUndefined();
    expect(batchRows([floats('x', [1], [1]), floats('s', [], [1])])).toBeUndefined();
    expect(batchRows([floats('s', [], [1])])).toBeUndefined();
    expect(batchRows([])).toBeUndefined();
  });
});

describe('a batch', () => {
  test('has the rows of its requests in their order', () => {
    const words = (texts: string[]): Tensor => ({ name: 's', datatype: 'BYTES', shape: [texts.length], data: texts });
    const joined = concatTensors([
      [floats('x', [1, 2], [1, 2]), words(['a'])],
      [floats('x', [2, 2], [3, 4, 5, 6]), words(['b', 'c'])],
    ]);
    expect(joined).toEqual([floats('x', [3, 2], [1, 2, 3, 4, 5, 6]), words(['a', 'b', 'c'])]);
  });

  test('of one request is that request, not a copy', () => {
    const inputs = [floats('x', [1], [1])];
    expect(concatTensors([inputs])[0]).toBe(inputs[0]);
    expect(concatTensors([])).toEqual([]);
  });

  test('is refused for requests of other inputs', () => {
    const other: Tensor = { name: 'x', datatype: 'INT32', shape: [1], data: new Int32Array(1) };
    expect(() => concatTensors([[floats('x', [1], [1])], [other]])).toThrow('without the same input "x"');
  });

  test('comes apart into views of its outputs', () => {
    const output = floats('y', [3, 2], [1, 2, 3, 4, 5, 6]);
    const parts = splitTensors([output], [1, 2]);
    expect(parts).toEqual([[floats('y', [1, 2], [1, 2])], [floats('y', [2, 2], [3, 4, 5, 6])]]);
    expect(parts[1]?.[0]?.data).toHaveProperty('buffer', (output.data as Float32Array).buffer);
  });

  test.each([[[2, 3]], [[6]], [[]]])('is refused when an output of shape %j has other rows', (shape) => {
    expect(() => splitTensors([floats('y', shape, [1, 2, 3, 4, 5, 6])], [1, 2])).toThrow(
      /batch of 3 rows with output "y" of shape/,
    );
  });
});

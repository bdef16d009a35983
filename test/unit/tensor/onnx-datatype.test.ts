import { describe, expect, test } from 'vitest';
import { DATATYPES } from '../../../src/core/tensor/datatype.ts';
import { datatypeFromOnnx } from '../../../src/core/tensor/onnx-datatype.ts';

describe('ONNX element types', () => {
  test('cover every datatype once', () => {
    const known = Array.from({ length: 32 }, (_, type) => datatypeFromOnnx(type)).filter((type) => type !== undefined);
    expect(known.toSorted()).toEqual(DATATYPES.toSorted());
  });

  test.each([
    [1, 'FP32'],
    [7, 'INT64'],
    [8, 'BYTES'],
    [10, 'FP16'],
    [16, 'BF16'],
    [0, undefined],
    [14, undefined],
    [17, undefined],
  ])('%d is %s', (type, datatype) => {
    expect(datatypeFromOnnx(type)).toBe(datatype);
  });
});

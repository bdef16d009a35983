import { describe, expect, test } from 'vitest';
import { DATATYPES, type Datatype } from '../../../src/core/tensor/datatype.ts';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { seededRequest } from '../../../src/serving/health/seeded-request.ts';

const modelOf = (datatype: Datatype, shape: readonly number[], output: Datatype = 'FP32') => ({
  inputs: [{ name: 'x', datatype, shape }],
  outputs: [{ name: 'y', datatype: output, shape: [-1] }],
});

describe('a made-up request', () => {
  test.each(DATATYPES)('of %s is taken by the model, has its shape, and depends on the seed alone', (datatype) => {
    const signature = modelOf(datatype, [-1, 20, -1]);
    const request = seededRequest(signature, 7);
    const { inputs } = decodeRequest(request?.body ?? Buffer.of(), request?.headerLength, signature);
    expect(inputs).toMatchObject([{ name: 'x', datatype, shape: [1, 20, 1] }]);
    expect(seededRequest(signature, 7)).toEqual(request);
    expect(seededRequest(signature, 8)).not.toEqual(request);
  });

  test('is JSON, and in binary only where an input has no JSON form', () => {
    const isJson = (datatype: Datatype) => seededRequest(modelOf(datatype, [2]), 1)?.headerLength === undefined;
    expect(DATATYPES.filter((datatype) => !isJson(datatype))).toEqual(['FP16', 'BF16']);
  });

  test('asks for binary outputs where one of them has no JSON form', () => {
    const signature = modelOf('FP32', [2], 'FP16');
    const request = seededRequest(signature, 1);
    const { outputs } = decodeRequest(request?.body ?? Buffer.of(), request?.headerLength, signature);
    expect(outputs).toMatchObject([{ name: 'y', binary: true }]);
  });

  test('spreads floats over both signs, up to 2', () => {
    const signature = modelOf('FP32', [1000]);
    const { inputs } = decodeRequest(seededRequest(signature, 3)?.body ?? Buffer.of(), undefined, signature);
    const values = Array.from(inputs[0]?.data ?? [], Number);
    expect(Math.min(...values)).toBeLessThan(-1.9);
    expect(Math.max(...values)).toBeGreaterThan(1.9);
    expect(values.every((value) => value >= -2 && value < 2)).toBe(true);
  });

  test('gives each input elements of its own', () => {
    const input = { datatype: 'FP32' as const, shape: [8] };
    const signature = { inputs: ['a', 'b'].map((name) => ({ name, ...input })), outputs: [] };
    const { inputs } = decodeRequest(seededRequest(signature, 3)?.body ?? Buffer.of(), undefined, signature);
    expect(inputs[0]?.data).not.toEqual(inputs[1]?.data);
  });

  test('is not made where it would be large', () => {
    expect(seededRequest(modelOf('FP32', [-1, 4096]), 1)).toBeDefined();
    expect(seededRequest(modelOf('FP32', [-1, 4097]), 1)).toBeUndefined();
  });
});

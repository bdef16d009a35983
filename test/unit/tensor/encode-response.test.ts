import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../../src/core/tensor/datatype.ts';
import { encodeResponse } from '../../../src/core/tensor/encode-response.ts';
import type { RequestedOutput } from '../../../src/core/tensor/request.ts';

const asJson = (name: string): RequestedOutput => ({ name, binary: false, classification: 0 });
const asBinary = (name: string): RequestedOutput => ({ name, binary: true, classification: 0 });

function encode(outputs: Tensor[], requested = outputs.map(({ name }) => asJson(name)), id?: string) {
  const { parts, headerLength } = encodeResponse({ modelName: 'iris', modelVersion: '2', id, outputs }, requested, {});
  const text = new TextDecoder().decode(parts[0]);
  return { text, json: JSON.parse(text), parts, headerLength };
}

const y: Tensor = { name: 'y', datatype: 'FP32', shape: [1, 3], data: new Float32Array([0.1, -2, 1e-7]) };
const label: Tensor = { name: 'label', datatype: 'INT64', shape: [1], data: new BigInt64Array([2n ** 53n + 1n]) };

describe('a response', () => {
  test('names the model, its version and the request', () => {
    expect(encode([y], [asJson('y')], 'r1').json).toEqual({
      model_name: 'iris',
      model_version: '2',
      id: 'r1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 3], data: [0.1, -2, 1e-7] }],
    });
  });

  test('has no id when the request had none, and no header length when nothing is binary', () => {
    const { json, headerLength, parts } = encode([y]);
    expect(json).not.toHaveProperty('id');
    expect(headerLength).toBeUndefined();
    expect(parts).toHaveLength(1);
  });

  test('has its outputs in the order of the request', () => {
    const { json } = encode([y, label], [asJson('label'), asJson('y')]);
    expect(json.outputs.map((output: { name: string }) => output.name)).toEqual(['label', 'y']);
  });

  test('writes 64-bit integers exactly', () => {
    expect(encode([label]).text).toContain('"data":[9007199254740993]');
  });

  test('writes BOOL as true and false, BYTES as strings', () => {
    const { json } = encode([
      { name: 'b', datatype: 'BOOL', shape: [2], data: new Uint8Array([1, 0]) },
      { name: 's', datatype: 'BYTES', shape: [2], data: ['"ä"', '\u0000\u2028'] },
    ]);
    expect(json.outputs.map((output: { data: unknown }) => output.data)).toEqual([
      [true, false],
      ['"ä"', '\u0000\u2028'],
    ]);
  });

  test.each([3, 5000])('answers NaN and infinities as null and says so, among %d values', (length) => {
    const data = new Float32Array(length);
    data.set([Number.NaN, Number.POSITIVE_INFINITY, 1], length - 3);
    const { json } = encode([
      { name: 'y', datatype: 'FP32', shape: [length], data },
      { ...y, name: 'z' },
    ]);
    expect(json).not.toHaveProperty('parameters');
    expect(json.outputs[0].parameters).toEqual({ non_finite: true });
    expect(json.outputs[0].data.slice(-3)).toEqual([null, null, 1]);
    expect(json.outputs[1]).not.toHaveProperty('parameters');
  });

  test('does the same for FP64', () => {
    const data = new Float64Array([Number.NEGATIVE_INFINITY, 0.1]);
    const { json } = encode([{ name: 'd', datatype: 'FP64', shape: [2], data }]);
    expect(json.outputs[0]).toMatchObject({ parameters: { non_finite: true }, data: [null, 0.1] });
  });

  test('puts binary outputs behind the JSON, each with its size', () => {
    const { json, parts, headerLength } = encode([y, label], [asBinary('label'), asJson('y')]);
    expect(headerLength).toBe(parts[0]?.length);
    expect(json.outputs[0]).toEqual({
      name: 'label',
      datatype: 'INT64',
      shape: [1],
      parameters: { binary_data_size: 8 },
    });
    expect(parts.slice(1)).toEqual([new Uint8Array(new BigInt64Array([2n ** 53n + 1n]).buffer)]);
  });

  test('packs BYTES with a length before each element', () => {
    const text: Tensor = { name: 't', datatype: 'BYTES', shape: [2], data: ['ä', ''] };
    expect(encode([text], [asBinary('t')]).parts[1]).toEqual(new Uint8Array([2, 0, 0, 0, 0xc3, 0xa4, 0, 0, 0, 0]));
  });

  test('keeps NaN in binary', () => {
    const data = new Float32Array([Number.NaN]);
    const { json, parts } = encode([{ name: 'y', datatype: 'FP32', shape: [1], data }], [asBinary('y')]);
    expect(json.outputs[0].parameters).toEqual({ binary_data_size: 4 });
    expect(parts[1]).toEqual(new Uint8Array(data.buffer));
  });

  test('can have FP16 in binary only', () => {
    const half: Tensor = { name: 'h', datatype: 'FP16', shape: [1], data: new Float16Array([0.5]) };
    expect(encode([half], [asBinary('h')]).parts[1]).toEqual(new Uint8Array([0, 0x38]));
    expect(() => encode([half])).toThrow('Output "h": FP16 has no JSON form.');
  });

  test('fails when the model did not give a requested output', () => {
    expect(() => encode([y], [asJson('z')])).toThrow('The model gave no output "z".');
  });
});

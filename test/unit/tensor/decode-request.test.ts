import { describe, expect, test } from 'vitest';
import { decodeRequest } from '../../../src/core/tensor/decode-request.ts';
import { bytes, join, model, oneInput, spec } from './requests.ts';

const iris = model(spec('x', 'FP32', [-1, 2]));

function decode(body: unknown, signature = iris, headerLength?: number) {
  return decodeRequest(body instanceof Uint8Array ? body : bytes(body), headerLength, signature);
}

describe('a JSON request', () => {
  test('gives flat data as the typed array of its datatype', () => {
    const request = decode(oneInput('FP32', [2, 2], { data: [1, 2.5, -3, 4e2] }));
    expect(request.inputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [2, 2], data: new Float32Array([1, 2.5, -3, 400]) },
    ]);
  });

  test('takes data nested as the shape', () => {
    const request = decode(
      oneInput('INT32', [2, 1, 3], { data: [[[1, 2, 3]], [[4, 5, 6]]] }),
      model(spec('x', 'INT32', [-1, 1, 3])),
    );
    expect(request.inputs[0]?.data).toEqual(new Int32Array([1, 2, 3, 4, 5, 6]));
  });

  test('ignores members it does not know, and reads null as absent', () => {
    const request = decode({
      model_name: 'iris',
      id: null,
      parameters: { custom: 1, priority: null },
      outputs: null,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2], parameters: null, content_type: 'np' }],
      ['__proto__']: { id: 'x' },
    });
    expect(request).toMatchObject({ outputs: [{ name: 'y', binary: false, classification: 0 }] });
    expect(request).not.toHaveProperty('id');
  });

  test('gives the inputs in the order of the signature', () => {
    const request = decode(
      {
        inputs: [
          { name: 'b', datatype: 'BOOL', shape: [1], data: [true] },
          { name: 'a', datatype: 'BYTES', shape: [2], data: ['ä', ''] },
        ],
      },
      model(spec('a', 'BYTES', [-1]), spec('b', 'BOOL', [-1])),
    );
    expect(request.inputs.map(({ name, data }) => [name, data])).toEqual([
      ['a', ['ä', '']],
      ['b', new Uint8Array([1])],
    ]);
  });

  test('keeps 64-bit integers exact, next to floats, strings and small integers', () => {
    const body = `{"id":"9007199254740993","parameters":{"sequence_id":18446744073709551615},"inputs":[
      {"name":"i","datatype":"INT64","shape":[5],"data":[-9223372036854775808,9223372036854775807,9007199254740993,-1,-4294967297]},
      {"name":"u","datatype":"UINT64","shape":[3],"data":[ 18446744073709551615, 0, 4294967296]},
      {"name":"f","datatype":"FP64","shape":[2],"data":[12345678901234567890,0.1234567890123456789]}]}`;
    const signature = model(spec('i', 'INT64', [-1]), spec('u', 'UINT64', [-1]), spec('f', 'FP64', [-1]));
    const request = decode(bytes(body), signature);
    expect(request.id).toBe('9007199254740993');
    expect(request.sequence?.id).toBe('18446744073709551615');
    expect(request.inputs.map(({ data }) => data)).toEqual([
      new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, -1n, -4294967297n]),
      new BigUint64Array([2n ** 64n - 1n, 0n, 2n ** 32n]),
      new Float64Array([Number('12345678901234567890'), Number('0.1234567890123456789')]),
    ]);
  });

  test('may have a byte order mark', () => {
    const body = oneInput('FP32', [1, 2], { data: [1, 2] });
    expect(decode(join(new Uint8Array([0xef, 0xbb, 0xbf]), bytes(body))).inputs).toHaveLength(1);
  });

  test('may hold a tensor without elements along a dimension that is not the batch', () => {
    const signature = model(spec('x', 'FP32', [-1, -1, 4]));
    const flat = decode(oneInput('FP32', [1, 0, 4], { data: [] }), signature);
    const nested = decode(oneInput('FP32', [1, 0, 4], { data: [[]] }), signature);
    expect(flat.inputs[0]?.data).toHaveLength(0);
    expect(nested).toEqual(flat);
  });

  test('may hold a scalar', () => {
    const request = decode(oneInput('FP32', [], { data: [7] }), model(spec('x', 'FP32', [])));
    expect(request.inputs[0]).toMatchObject({ shape: [], data: new Float32Array([7]) });
  });

  test('may have no inputs when the model has none', () => {
    expect(decode({ inputs: [] }, model()).inputs).toEqual([]);
    expect(decode({}, model()).inputs).toEqual([]);
  });
});

describe('reserved parameters', () => {
  const withParameters = (parameters: unknown) => decode({ ...oneInput('FP32', [1, 2], { data: [1, 2] }), parameters });

  test('are read', () => {
    const request = withParameters({
      priority: 2,
      timeout: 1500,
      sequence_id: 7,
      sequence_start: true,
      sequence_end: false,
    });
    expect(request).toMatchObject({ priority: 2, timeoutUs: 1500, sequence: { id: '7', start: true, end: false } });
  });

  test('of zero count as absent', () => {
    const request = withParameters({ priority: 0, timeout: 0, sequence_id: 0, sequence_start: false });
    expect(Object.keys(request).sort()).toEqual(['inputs', 'outputs']);
  });

  test('tell of a request that says where it stands, and not in which sequence', () => {
    const { sequence } = withParameters({ sequence_end: true });
    expect(sequence).toEqual({ id: undefined, start: false, end: true });
  });

  test.each([
    [{ priority: -1 }, '"priority" of the request must be a non-negative integer, got -1'],
    [{ timeout: 1.5 }, '"timeout" of the request must be a non-negative integer, got 1.5'],
    [{ sequence_id: {} }, '"sequence_id" of the request must be a string or a non-negative integer, got an object'],
    [{ sequence_start: 1 }, '"sequence_start" of the request must be true or false, got 1'],
    [{ binary_data_output: 'yes' }, '"binary_data_output" of the request must be true or false, got the string "yes"'],
    [[], '"parameters" of the request must be an object, got an array'],
  ])('of a wrong kind are refused: %j', (parameters, message) => {
    expect(() => withParameters(parameters)).toThrow(message);
  });
});

describe('requested outputs', () => {
  const two = {
    inputs: [spec('x', 'FP32', [-1, 2])],
    outputs: [spec('y', 'FP32', [-1, 3]), spec('label', 'INT64', [-1])],
  };
  const outputsOf = (members: Record<string, unknown>, signature = two) =>
    decode({ ...oneInput('FP32', [1, 2], { data: [1, 2] }), ...members }, signature).outputs;

  test('are all of the model when none is named', () => {
    const all = [
      { name: 'y', binary: false, classification: 0 },
      { name: 'label', binary: false, classification: 0 },
    ];
    expect(outputsOf({})).toEqual(all);
    expect(outputsOf({ outputs: [] })).toEqual(all);
  });

  test('keep the order of the request, and their own parameters over its default', () => {
    const outputs = outputsOf({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'label' }, { name: 'y', parameters: { binary_data: false, classification: 2 } }],
    });
    expect(outputs).toEqual([
      { name: 'label', binary: true, classification: 0 },
      { name: 'y', binary: false, classification: 2 },
    ]);
  });

  test('of FP16 are refused as JSON with the way out, and taken as binary or as a classification', () => {
    const half = { inputs: two.inputs, outputs: [spec('h', 'FP16', [-1, 3])] };
    const refused = 'Output "h": FP16 has no JSON form, set "binary_data": true';
    expect(() => outputsOf({}, half)).toThrow(refused);
    expect(() => outputsOf({ outputs: [{ name: 'h' }] }, half)).toThrow(refused);
    expect(outputsOf({ parameters: { binary_data_output: true } }, half)).toHaveLength(1);
    expect(outputsOf({ outputs: [{ name: 'h', parameters: { classification: 1 } }] }, half)).toHaveLength(1);
  });
});

describe('a request with binary tensors', () => {
  const signature = model(spec('a', 'FP32', [-1]), spec('b', 'INT64', [-1]), spec('c', 'BYTES', [-1]));
  const header = bytes({
    inputs: [
      { name: 'b', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
      { name: 'c', datatype: 'BYTES', shape: [1], data: ['in JSON'] },
      { name: 'a', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
    ],
  });
  const tensors = join(
    new Uint8Array(new BigInt64Array([-(2n ** 62n)]).buffer),
    new Uint8Array(new Float32Array([0.5, Number.NaN]).buffer),
  );

  test('takes the tensors in the order of its inputs, wherever the header ends', () => {
    for (const padding of ['', ' ', '  ', '   ']) {
      const padded = join(header, bytes(padding));
      const request = decode(join(padded, tensors), signature, padded.length);
      expect(request.inputs.map(({ data }) => data)).toEqual([
        new Float32Array([0.5, Number.NaN]),
        new BigInt64Array([-(2n ** 62n)]),
        ['in JSON'],
      ]);
    }
  });

  test('views the body where it is aligned', () => {
    const padded = join(header, bytes(' '.repeat((8 - (header.length % 8)) % 8)));
    const body = join(padded, tensors);
    const request = decode(body, signature, padded.length);
    expect(request.inputs[0]?.data).toHaveProperty('buffer', body.buffer);
  });

  test('does not depend on where in its memory a pooled Buffer lies', () => {
    const pooled = Buffer.from(join(header, tensors));
    expect(decode(pooled, signature, header.length)).toEqual(decode(join(header, tensors), signature, header.length));
  });

  test('may have an all-JSON body behind a header length', () => {
    const body = bytes(oneInput('FP32', [1, 2], { data: [1, 2] }));
    expect(decode(body, iris, body.length).inputs).toHaveLength(1);
  });
});

import { describe, expect, test } from 'vitest';
import { bytes, join, model, oneInput, refusal, spec } from './requests.ts';

const pair = model(spec('x', 'FP32', [-1, 2]));
const good = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] };

describe('the request around its tensors', () => {
  test.each<[string, unknown, string]>([
    ['is not JSON', bytes('{"inputs": [}'), 'The request must be JSON:'],
    ['is empty', new Uint8Array(0), 'The request must be JSON:'],
    ['is not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'must be JSON in UTF-8'],
    ['is an array', [], 'must be a JSON object, got an array'],
    ['is a number', 5, 'must be a JSON object, got 5'],
    ['has an id that is no string', { id: 5, inputs: [good] }, '"id" must be a string, got 5'],
    ['has no inputs', {}, '"inputs" is missing: the model needs "x"'],
    ['has empty inputs', { inputs: [] }, '"inputs" is empty: the model needs "x"'],
    ['has inputs of a wrong kind', { inputs: {} }, '"inputs" must be an array, got an object'],
    ['has an input of a wrong kind', { inputs: [null] }, '"inputs[0]" must be an object, got null'],
    ['has an input without a name', { inputs: [{}] }, '"name" of inputs[0] must be a string, got nothing'],
    ['has outputs of a wrong kind', { inputs: [good], outputs: 'y' }, '"outputs" must be an array, got the string "y"'],
    ['has an output of a wrong kind', { inputs: [good], outputs: ['y'] }, '"outputs[0]" must be an object'],
    ['has an output without a name', { inputs: [good], outputs: [{}] }, '"name" of outputs[0] must be a string'],
    [
      'asks for an unknown output',
      { inputs: [good], outputs: [{ name: 'z' }] },
      'Output "z" is unknown: the model has "y"',
    ],
    [
      'asks for an output twice',
      { inputs: [good], outputs: [{ name: 'y' }, { name: 'y' }] },
      'Output "y" is listed twice',
    ],
    [
      'asks for a negative classification',
      { inputs: [good], outputs: [{ name: 'y', parameters: { classification: -1 } }] },
      '"classification" of output "y" must be a non-negative integer, got -1',
    ],
    [
      'asks for binary data with no boolean',
      { inputs: [good], outputs: [{ name: 'y', parameters: { binary_data: 1 } }] },
      '"binary_data" of output "y" must be true or false, got 1',
    ],
  ])('is refused when it %s', (_, body, message) => {
    const error = refusal(body, pair);
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain(message);
  });

  test.each(['BOOL', 'BYTES'] as const)('is refused when it classifies a %s output', (datatype) => {
    const signature = { inputs: pair.inputs, outputs: [spec('t', datatype, [-1])] };
    const error = refusal({ inputs: [good], outputs: [{ name: 't', parameters: { classification: 1 } }] }, signature);
    expect(error.message).toBe(`Output "t": "classification" needs a numeric output, this one is ${datatype}.`);
  });
});

describe('an input', () => {
  test.each<[string, unknown[], string]>([
    ['is unknown', [{ ...good, name: 'z' }], 'Input "z": is unknown: the model has "x"'],
    ['is given twice', [good, good], 'Input "x": is given twice'],
    ['has another datatype', [{ ...good, datatype: 'FP64' }], 'expected datatype FP32, got the string "FP64"'],
    ['has no datatype', [{ ...good, datatype: undefined }], 'expected datatype FP32, got nothing'],
    ['has no shape', [{ ...good, shape: undefined }], '"shape" must be an array of integers, got nothing'],
    ['has a shape that is no array', [{ ...good, shape: 2 }], '"shape" must be an array of integers, got 2'],
    ['has another rank', [{ ...good, shape: [2] }], 'expected a shape of 2 dimensions ([-1, 2]), got 1 dimensions'],
    [
      'breaks a fixed dimension',
      [{ ...good, shape: [1, 3] }],
      'dimension 1 of "shape" must be 2 (the model has [-1, 2]), got 3',
    ],
    [
      'has a negative dimension',
      [{ ...good, shape: [-1, 2] }],
      'dimension 0 of "shape" must be a non-negative integer, got -1',
    ],
    ['has a fractional dimension', [{ ...good, shape: [0.5, 2] }], 'must be a non-negative integer, got 0.5'],
    ['has a dimension in quotes', [{ ...good, shape: ['1', 2] }], 'must be a non-negative integer, got the string "1"'],
    ['has a dimension past 2^53', [{ ...good, shape: [1e300, 2] }], 'dimension 0 of "shape" is too large: 1e+300'],
    ['has too many elements to count', [{ ...good, shape: [2 ** 53 - 1, 2] }], 'more elements than can be addressed'],
    [
      'has an empty batch',
      [{ ...good, shape: [0, 2], data: [] }],
      'the first dimension is the batch and must be at least 1, got 0',
    ],
    ['has neither data nor a size', [{ ...good, data: undefined }], 'expected "data", or "binary_data_size"'],
    ['has data that is no array', [{ ...good, data: 'AAAA' }], '"data" must be an array, got the string "AAAA"'],
    ['has too few elements', [{ ...good, data: [1] }], 'shape [1, 2] takes 2 elements, "data" has 1'],
    ['has too many elements', [{ ...good, data: [1, 2, 3] }], 'shape [1, 2] takes 2 elements, "data" has 3'],
    ['is far smaller than its shape', [{ ...good, shape: [1e12, 2] }], 'takes 2000000000000 elements, "data" has 2'],
    [
      'is nested with a short row',
      [{ ...good, shape: [2, 2], data: [[1, 2], [3]] }],
      'data[1] must be an array of 2 (nested as shape [2, 2]), got an array of 1',
    ],
    ['is nested with too few rows', [{ ...good, shape: [2, 2], data: [[1, 2]] }], 'data must be an array of 2'],
    [
      'is nested in part',
      [{ ...good, shape: [2, 2], data: [[1, 2], 3] }],
      'data[1] must be an array of 2 (nested as shape [2, 2]), got 3',
    ],
    [
      'is nested too deeply',
      [{ ...good, data: [[[1], [2]]] }],
      'element 0: expected a number within the range of FP32, got an array',
    ],
    [
      'has parameters that are no object',
      [{ ...good, parameters: 1 }],
      '"parameters" of input "x" must be an object, got 1',
    ],
    [
      'has a size and all-JSON body',
      [{ ...good, data: undefined, parameters: { binary_data_size: 8 } }],
      'expected the header Inference-Header-Content-Length',
    ],
    [
      'has both data and a size',
      [{ ...good, parameters: { binary_data_size: 8 } }],
      'expected either "data" or "binary_data_size" in its parameters, got both',
    ],
    [
      'has a negative size',
      [{ ...good, parameters: { binary_data_size: -8 } }],
      '"binary_data_size" of input "x" must be a non-negative integer, got -8',
    ],
  ])('is refused when it %s', (_, inputs, message) => {
    const error = refusal({ inputs }, pair);
    expect(error.code).toMatch(/^invalid_(tensor|request)$/);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/input "[xz]"/i);
  });

  test('that is missing is named', () => {
    const signature = model(spec('x', 'FP32', [-1, 2]), spec('mask', 'BOOL', [-1]));
    expect(refusal({ inputs: [good] }, signature).message).toBe('Input "mask": is missing: the model needs it.');
  });

  test('nested three deep names the array that is wrong', () => {
    const signature = model(spec('x', 'UINT8', [-1, -1, -1]));
    const body = oneInput('UINT8', [2, 2, 1], {
      data: [
        [[1], [2]],
        [[3], [4, 5]],
      ],
    });
    expect(refusal(body, signature).message).toContain('data[1][1] must be an array of 1');
  });

  test('with a long name keeps the message short', () => {
    expect(refusal({ inputs: [{ ...good, name: 'n'.repeat(1e6) }] }, pair).message.length).toBeLessThan(200);
  });
});

describe('an element', () => {
  test.each<[string, unknown, string]>([
    ['FP32', '1', 'a number within the range of FP32, got the string "1"'],
    ['FP32', null, 'a number within the range of FP32, got null'],
    ['FP32', true, 'a number within the range of FP32, got true'],
    ['FP32', 3.5e38, 'a number within the range of FP32, got 3.5e+38'],
    ['FP64', {}, 'a number within the range of FP64, got an object'],
    ['INT8', 128, 'an integer from -128 to 127 (INT8), got 128'],
    ['INT8', 1.5, 'an integer from -128 to 127 (INT8), got 1.5'],
    ['UINT8', -1, 'an integer from 0 to 255 (UINT8), got -1'],
    ['UINT16', 65536, 'an integer from 0 to 65535 (UINT16), got 65536'],
    ['INT16', '7', 'an integer from -32768 to 32767 (INT16), got the string "7"'],
    ['INT32', 2 ** 31, 'an integer from -2147483648 to 2147483647 (INT32), got 2147483648'],
    ['UINT32', null, 'an integer from 0 to 4294967295 (UINT32), got null'],
    ['INT32', [], 'an integer from -2147483648 to 2147483647 (INT32), got an array'],
    ['INT64', 1.5, 'got 1.5'],
    ['INT64', '5', 'got the string "5"'],
    ['UINT64', -1, 'an integer from 0 to 18446744073709551615 (UINT64), written without exponent, got -1'],
    ['BOOL', 1, 'true or false (BOOL), got 1'],
    ['BOOL', 'true', 'true or false (BOOL), got the string "true"'],
    ['BYTES', 1, 'a string (BYTES), got 1'],
    ['BYTES', 'a\0b', 'text without NUL characters (BYTES), got one at 1'],
    ['BYTES', '\ud800', 'well-formed Unicode text (BYTES)'],
  ])('of %s that is %j is refused by its index', (datatype, value, message) => {
    const valid = { BOOL: true, BYTES: 'a' }[datatype] ?? 1;
    const signature = model(spec('x', datatype as 'FP32', [-1]));
    const error = refusal(oneInput(datatype, [3], { data: [valid, valid, value] }), signature);
    expect(error.code).toBe('invalid_tensor');
    expect(error.message).toContain(`Input "x": element 2: expected `);
    expect(error.message).toContain(message);
  });

  test.each([
    ['INT64', '9223372036854775808'],
    ['INT64', '-9223372036854775809'],
    ['INT64', '1e17'],
    ['UINT64', '18446744073709551616'],
    ['UINT64', '-9223372036854775808'],
  ] as const)('of %s written %s is refused', (datatype, literal) => {
    const body = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1],"data":[${literal}]}]}`;
    expect(refusal(bytes(body), model(spec('x', datatype, [-1]))).message).toContain('element 0: expected an integer');
  });

  test('that overflows a double is refused', () => {
    const body = '{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1e999]}]}';
    expect(refusal(bytes(body), model(spec('x', 'FP64', [-1]))).message).toContain('element 0');
  });

  test('in a nested array is counted through the whole tensor', () => {
    const error = refusal(oneInput('FP32', [2, 2], { data: [[1, 2], [3, 'x']] }), pair); // biome-ignore format: a table
    expect(error.message).toContain('element 3');
  });

  test.each(['FP16', 'BF16'] as const)('of %s has no JSON form', (datatype) => {
    const error = refusal(oneInput(datatype, [1], { data: [1] }), model(spec('x', datatype, [-1])));
    expect(error.message).toContain(`${datatype} has no JSON form: send it as binary data`);
  });
});

describe('arrays nested a hundred thousand deep', () => {
  const deep = '['.repeat(1e5) + ']'.repeat(1e5);

  test('are refused as data', () => {
    const body = `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":${deep}}]}`;
    expect(refusal(bytes(body), pair).message).toMatch(/^The request is nested too deeply/);
  });

  test('are refused where integers are read exactly, which recurses', () => {
    const body = `{"long":1234567890123456789,"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":${deep}}]}`;
    expect(refusal(bytes(body), model(spec('x', 'INT64', [-1]))).message).toMatch(/^The request is nested too deeply/);
  });
});

describe('binary tensors', () => {
  function refuse(datatype: 'FP32' | 'BOOL' | 'BYTES', shape: number[], tensor: Uint8Array, size = tensor.length) {
    const header = bytes(oneInput(datatype, shape, { parameters: { binary_data_size: size } }));
    return refusal(join(header, tensor), model(spec('x', datatype, [-1])), header.length).message;
  }

  test('are refused when their size does not fit the shape', () => {
    expect(refuse('FP32', [2], new Uint8Array(4))).toBe('Input "x": FP32 [2] takes 8 bytes of binary data, got 4.');
    expect(refuse('FP32', [2], new Uint8Array(12))).toContain('takes 8 bytes of binary data, got 12');
  });

  test('are refused when the body ends before them', () => {
    expect(refuse('FP32', [2], new Uint8Array(4), 8)).toBe(
      'Input "x": "binary_data_size" is 8, but the body has 4 bytes of binary data left.',
    );
  });

  test('are refused when the body goes on after them', () => {
    expect(refuse('FP32', [1], new Uint8Array(7), 4)).toBe('The body goes on for 3 bytes after the last binary input.');
  });

  test('are refused when a BOOL is neither 0 nor 1', () => {
    expect(refuse('BOOL', [3], new Uint8Array([0, 1, 2]))).toContain('element 2: a BOOL is one byte, 0 or 1, got 2');
  });

  test.each<[string, number[], number, string]>([
    [
      'an element runs over the end',
      [1, 0, 0, 0, 65, 9, 0, 0, 0, 66],
      2,
      'element 1: its length is 9 bytes, but 1 are left',
    ],
    ['there are too few bytes for the lengths', [0, 0, 0, 0], 2, 'takes at least 8 bytes of binary data, got 4'],
    [
      'the data ends before an element',
      [4, 0, 0, 0, 65, 65, 65, 65, 0],
      2,
      'the binary data ends before element 1 of 2',
    ],
    ['bytes follow the last element', [0, 0, 0, 0, 65], 1, '1 bytes of binary data follow its last element (of 1)'],
    ['an element is not UTF-8', [0, 0, 0, 0, 1, 0, 0, 0, 0xff], 2, 'element 1: expected UTF-8 text'],
    ['an element has a NUL', [1, 0, 0, 0, 0], 1, 'element 0: expected text without NUL characters'],
  ])('of BYTES are refused when %s', (_, tensor, count, message) => {
    expect(refuse('BYTES', [count], new Uint8Array(tensor))).toContain(message);
  });

  test.each([
    [1000, 'The JSON header is said to be 1000 bytes long, but the body has 2'],
    [-1, 'must be a non-negative integer, got -1'],
    [1.5, 'must be a non-negative integer, got 1.5'],
    [Number.NaN, 'must be a non-negative integer, got NaN'],
  ])('are refused behind a header length of %d', (headerLength, message) => {
    expect(refusal({}, pair, headerLength).message).toContain(message);
  });
});

import { cpSync } from 'node:fs';
import { resolve } from 'node:path';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binaryBody, bytesOf, floatsIn, inferBytes, textBytes, textsIn } from '../helpers/acceptance/binary.ts';
import { RawClient } from '../helpers/acceptance/raw-client.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { addOne, identity } from '../helpers/onnx/models.ts';

const FLOWER = { name: 'measurements', datatype: 'FP32', shape: [1, 4] };
const SETOSA = [5.1, 3.8, 1.6, 0.2];
const LABELS = ['setosa', 'versicolor', 'virginica'];

let server: Server;

beforeAll(async () => {
  server = await Server.start({ args: ['--max-body', '1MiB'] });
  cpSync(resolve(import.meta.dirname, '../../examples/models'), server.home.repository, { recursive: true });
  server.home.add('add-one', addOne());
  server.home.add('integers', identity('INT64', [-1]));
});

afterAll(() => server[Symbol.asyncDispose]());

describe('binary tensors', () => {
  test('go in and come out', async () => {
    const data = bytesOf(new Float32Array(SETOSA));
    const { body, headers } = binaryBody(
      {
        inputs: [{ ...FLOWER, parameters: { binary_data_size: data.length } }],
        parameters: { binary_data_output: true },
      },
      data,
    );
    const { status, json, tail } = await inferBytes(server, 'iris', body, headers);
    expect(status).toBe(200);
    const [label, probabilities] = json.outputs ?? [];
    expect(label).toMatchObject({ name: 'label', datatype: 'BYTES', shape: [1] });
    expect(probabilities).toMatchObject({ name: 'probabilities', shape: [1, 3], parameters: { binary_data_size: 12 } });
    const split = label?.parameters?.binary_data_size ?? 0;
    expect(textsIn(tail.subarray(0, split))).toEqual(['setosa']);
    expect(floatsIn(tail.subarray(split))[0]).toBeCloseTo(0.999983, 4);
  });

  test('in, JSON out; and one output of each kind', async () => {
    const text = textBytes('I forgot my password and can not log in.', 'Größe, Preis: 東京?');
    const input = { name: 'text', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: text.length } };
    const { body, headers } = binaryBody(
      { inputs: [input], outputs: [{ name: 'probabilities', parameters: { binary_data: true } }, { name: 'label' }] },
      text,
    );
    const { status, json, tail } = await inferBytes(server, 'tickets', body, headers);
    expect(status).toBe(200);
    expect(json.outputs?.map(({ name }) => name)).toEqual(['probabilities', 'label']);
    expect(json.outputs?.[1]?.data).toEqual(['account', 'billing']);
    expect(floatsIn(tail)).toHaveLength(10);
  });

  test('alone, as the whole body, are the single input', async () => {
    const { status, json, tail } = await inferBytes(server, 'add-one', bytesOf(new Float32Array([1, 2, 3])), {
      'inference-header-content-length': '0',
    });
    expect(status).toBe(200);
    expect(json.outputs).toMatchObject([{ name: 'y', datatype: 'FP32', shape: [1, 3] }]);
    expect(floatsIn(tail)).toEqual([2, 3, 4]);
  });

  test.each([
    ['too little data', 8, 8, /"measurements"/],
    ['more data than is declared', 16, 20, /4|trailing|left|bytes/],
    ['a header that is longer than the body', 16, 16, /header|longer|JSON/i],
  ])('with %s are refused', async (what, declared, sent, message) => {
    const header = { inputs: [{ ...FLOWER, parameters: { binary_data_size: declared } }] };
    const { body, headers } = binaryBody(header, new Uint8Array(sent));
    const tooLong = what.startsWith('a header') ? { 'inference-header-content-length': String(body.length + 1) } : {};
    const { status, json } = await inferBytes(server, 'iris', body, { ...headers, ...tooLong });
    expect({ status, error: json.error }).toEqual({ status: 400, error: expect.stringMatching(message) });
  });
});

test('64-bit integers are exact in JSON, beyond what a double holds', async () => {
  const response = await fetch(`${server.url}/v2/models/integers/infer`, {
    method: 'POST',
    body: '{"inputs":[{"name":"x","datatype":"INT64","shape":[3],"data":[9223372036854775807,-9223372036854775808,9007199254740993]}]}',
  });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('[9223372036854775807,-9223372036854775808,9007199254740993]');
});

describe('classification', () => {
  test('gives the best classes with their labels', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: 2 } }];
    const { status, body } = await server.post<{ outputs: { data: string[]; shape: number[] }[] }>(
      '/v2/models/iris/infer',
      { inputs: [{ ...FLOWER, shape: [2, 4], data: [...SETOSA, 5.8, 2.7, 5.1, 1.9] }], outputs },
    );
    expect(status).toBe(200);
    const [{ shape, data } = { shape: [], data: [] }] = body.outputs;
    expect(shape).toEqual([2, 2]);
    const [first, , third] = data.map((text) => text.split(':'));
    expect(first?.slice(1)).toEqual(['0', LABELS[0]]);
    expect(third?.slice(1)).toEqual(['2', LABELS[2]]);
    expect(Number(first?.[0])).toBeCloseTo(0.999983, 4);
  });
});

describe('compression', () => {
  // An answer worth compressing.
  const flowers = Array.from({ length: 50 }, () => SETOSA);
  const json = JSON.stringify({ inputs: [{ ...FLOWER, shape: [50, 4], data: flowers.flat() }] });
  const encoders = { gzip: [gzipSync, gunzipSync], deflate: [deflateSync, inflateSync] } as const;

  test.each(['gzip', 'deflate'] as const)('%s is taken and given', async (encoding) => {
    const [compress, decompress] = encoders[encoding];
    const compressed = compress(json);
    // On a connection of its own: fetch would decompress without being asked.
    using client = await RawClient.connect(server);
    client.write(
      `POST /v2/models/iris/infer HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: ${encoding}\r\nAccept-Encoding: ${encoding}\r\n` +
        `Content-Length: ${compressed.length}\r\nConnection: close\r\n\r\n`,
    );
    client.write(compressed);
    const { status, head, body } = await client.answer();
    expect(status).toBe(200);
    expect(head.toLowerCase()).toContain(`content-encoding: ${encoding}`);
    const answer = JSON.parse(decompress(Buffer.from(body, 'latin1')).toString());
    expect(answer).toMatchObject({
      model_name: 'iris',
      outputs: [{ data: flowers.map(() => 'setosa') }, { shape: [50, 3] }],
    });
  });

  test('of what is not compressed, or of too much, is refused', async () => {
    const garbage = await inferBytes(server, 'iris', Buffer.from(json), { 'content-encoding': 'gzip' });
    expect({ status: garbage.status, error: garbage.json.error }).toEqual({ status: 400, error: expect.any(String) });
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, 0x20));
    expect(bomb.length).toBeLessThan(2 ** 20);
    const refused = await inferBytes(server, 'iris', bomb, { 'content-encoding': 'gzip' });
    expect({ status: refused.status, error: refused.json.error }).toEqual({ status: 413, error: expect.any(String) });
    const unknown = await inferBytes(server, 'iris', Buffer.from(json), { 'content-encoding': 'br' });
    expect(unknown.status).toBe(415);
  });
});

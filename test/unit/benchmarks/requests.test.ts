import { describe, expect, it } from 'vitest';
import { getRequest, inferenceBody, inferenceRequests, postRequest } from '../../../benchmarks/load/requests.ts';
import { TINY } from '../../../benchmarks/models/catalog.ts';
import { TRANSFORMER } from '../../../benchmarks/models/transformer.ts';

describe('inference requests', () => {
  it.each([TINY, TRANSFORMER])('carry the same numbers of $id in both formats', (model) => {
    const elements = Array.from(model.elements(3), Number);
    const json = JSON.parse(inferenceBody(model, 'json', 3).bytes.toString());
    expect(json.inputs[0]).toMatchObject({ shape: model.input.shape, datatype: model.input.datatype, data: elements });

    const { headers, bytes } = inferenceBody(model, 'binary', 3);
    const headerLength = Number(headers['inference-header-content-length']);
    const header = JSON.parse(bytes.toString('utf8', 0, headerLength));
    const raw = new Uint8Array(bytes.subarray(headerLength)).buffer;
    expect(
      Array.from(model.input.datatype === 'FP32' ? new Float32Array(raw) : new BigInt64Array(raw), Number),
    ).toEqual(elements);
    expect(header.inputs[0].parameters).toEqual({ binary_data_size: raw.byteLength });
  });

  it('have their raw tensors at a multiple of 8 bytes', () => {
    const { headers } = inferenceBody(TINY, 'binary', 1);
    expect(Number(headers['inference-header-content-length']) % 8).toBe(0);
  });

  it('differ from each other', () => {
    const requests = inferenceRequests(80, TINY, 'json').map(String);
    expect(new Set(requests).size).toBe(requests.length);
  });

  it('are the same in every run', () => {
    expect(inferenceRequests(80, TINY, 'binary')).toEqual(inferenceRequests(80, TINY, 'binary'));
  });
});

it('a POST says how long its body is', () => {
  const request = postRequest(81, '/p', { headers: { 'content-type': 'text/plain' }, bytes: Buffer.from('héllo') });
  expect(request.toString()).toBe(
    'POST /p HTTP/1.1\r\nhost: 127.0.0.1:81\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nhéllo',
  );
});

it('a GET has no body', () => {
  expect(getRequest(81, '/health').toString()).toBe('GET /health HTTP/1.1\r\nhost: 127.0.0.1:81\r\n\r\n');
});

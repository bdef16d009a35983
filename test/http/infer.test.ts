import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { HeapPayloadStore } from '../helpers/http/heap-payload-store.ts';
import { start } from '../helpers/http/start.ts';
import { versionView } from '../helpers/http/views.ts';

const LLAMA = 'meta-llama/Meta-Llama-3.1-8B';
const BODY = '{"inputs":[]}';
const V2 = '/v2/models/iris/infer';
const MANAGEMENT = '/api/v1/model_serving/models/iris/infer';
const both = (id: string) => [`/v2/models/${id}/infer`, `/api/v1/model_serving/models/${id}/infer`];

describe('an inference', () => {
  it.each([...both(LLAMA), ...both(encodeURIComponent(LLAMA))])('is answered at %s', async (url) => {
    await using server = await start({}, new FakeModelServing([versionView({ modelId: LLAMA })]));
    const response = await server.app.inject({ method: 'POST', url, payload: BODY });
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe(BODY);
    expect(response.headers).toMatchObject({
      'content-type': 'application/json',
      'x-served-by': `${LLAMA}@1`,
      'server-timing': 'decode;dur=0.250, queue;dur=0.500, compute;dur=2.000, encode;dur=0.125',
    });
    expect(response.headers).not.toHaveProperty('content-encoding');
    expect(server.serving.payloads.usedBytes).toBe(0);
  });

  it('passes on what the headers say, and the bytes as they are', async () => {
    await using server = await start();
    const bytes = Buffer.from([0, 255, 10, 13, 128, 1]);
    await server.app.inject({
      method: 'POST',
      url: V2,
      payload: bytes,
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': '3',
        'content-encoding': 'GZIP',
        'accept-encoding': 'br, deflate;q=0.5, gzip',
        'x-request-timeout-ms': '1500',
        'x-request-priority': '2',
      },
    });
    const [seen] = server.serving.inferences;
    expect(seen?.body).toEqual(bytes);
    expect(seen).toMatchObject({
      modelId: 'iris',
      version: undefined,
      headerLength: 3,
      contentEncoding: 'gzip',
      acceptEncoding: 'gzip',
      // Less the time in which the body came.
      timeoutMs: expect.closeTo(1450, -2),
      priority: 2,
    });
    expect(seen?.signal?.aborted).toBe(false);
  });

  it('needs no header at all', async () => {
    await using server = await start();
    await server.app.inject({ method: 'POST', url: V2, payload: BODY, headers: { 'x-request-priority': '0' } });
    expect(server.serving.inferences[0]).toMatchObject({
      headerLength: undefined,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      timeoutMs: undefined,
      priority: undefined,
    });
  });

  it.each([
    [`/v2/models/iris/versions/2/infer`, {}],
    [V2, { 'x-model-version': '2' }],
    [MANAGEMENT, { 'x-model-version': '2' }],
    ['/v2/models/iris/versions/2/infer', { 'x-model-version': '2' }],
  ])('is by the version that %s with %o names', async (url, headers) => {
    await using server = await start({}, new FakeModelServing([versionView(), versionView({ version: '2' })]));
    const response = await server.app.inject({ method: 'POST', url, headers, payload: BODY });
    expect(response.headers['x-served-by']).toBe('iris@2');
  });

  it.each([
    undefined,
    'application/json',
    'application/octet-stream',
    'text/plain',
    'nonsense',
    ';;',
    'multipart/form-data',
  ])('takes the content type %s', async (contentType) => {
    await using server = await start();
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const payload = Buffer.from(BODY);
    const response = await server.app.inject({ method: 'POST', url: V2, payload, headers });
    expect([response.statusCode, response.body]).toEqual([200, BODY]);
  });

  it('is never parsed by the front', async () => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: V2, payload: '{"__proto__": nonsense' });
    expect(response.statusCode).toBe(200);
  });
});

describe('an answer', () => {
  it('is binary when the runner wrote it so', async () => {
    await using server = await start();
    const body = Buffer.from('{}\u0000\u0001');
    server.serving.onInfer = () => Promise.resolve({ body, headerLength: 2 });
    const response = await server.app.inject({ method: 'POST', url: V2, payload: BODY });
    expect(response.headers['content-type']).toBe('application/octet-stream');
    expect(response.headers['inference-header-content-length']).toBe('2');
    expect(response.rawPayload).toEqual(body);
  });

  it('says how it is compressed', async () => {
    await using server = await start();
    server.serving.onInfer = () => Promise.resolve({ contentEncoding: 'deflate' });
    const response = await server.app.inject({ method: 'POST', url: V2, payload: BODY });
    expect(response.headers['content-encoding']).toBe('deflate');
    expect(response.headers.vary).toBe('accept-encoding');
  });

  it('can be a part of a larger buffer', async () => {
    await using server = await start();
    const arena = new Uint8Array([1, 2, 3, 4, 5]);
    server.serving.onInfer = () => Promise.resolve({ body: arena.subarray(1, 3) });
    const response = await server.app.inject({ method: 'POST', url: V2, payload: BODY });
    expect([...response.rawPayload]).toEqual([2, 3]);
  });
});

describe('a malformed inference', () => {
  it.each([
    ['inference-header-content-length', '-1', 400],
    ['inference-header-content-length', '1.5', 400],
    ['inference-header-content-length', '0x10', 400],
    ['inference-header-content-length', '', 400],
    ['inference-header-content-length', '99999999999999999999', 400],
    ['x-request-timeout-ms', '0', 400],
    ['x-request-timeout-ms', 'soon', 400],
    ['x-request-timeout-ms', '86400001', 400],
    ['x-request-priority', '-1', 400],
    ['x-request-priority', '4294967296', 400],
    ['x-model-version', 'a/b', 400],
    ['x-model-version', 'latest', 400],
    ['content-encoding', 'br', 415],
    ['content-encoding', 'gzip, gzip', 415],
  ])('with %s: %s is refused before its body is kept', async (name, value, status) => {
    await using server = await start();
    for (const url of [V2, MANAGEMENT]) {
      const response = await server.app.inject({ method: 'POST', url, payload: BODY, headers: { [name]: value } });
      expect(response.statusCode).toBe(status);
    }
    expect(server.serving.payloads.opened).toEqual([]);
  });

  it('that names two versions is refused', async () => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'POST',
      url: '/v2/models/iris/versions/1/infer',
      headers: { 'x-model-version': '2' },
      payload: BODY,
    });
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toContain('x-model-version');
  });

  it('without a body is refused', async () => {
    await using server = await start();
    for (const headers of [{}, { 'content-length': '0' }]) {
      const response = await server.app.inject({ method: 'POST', url: V2, headers });
      expect([response.statusCode, response.json()]).toEqual([400, { error: 'The request has no body.' }]);
    }
    expect(server.serving.inferences).toEqual([]);
  });

  it('of more bytes than it declared, or fewer, is refused', async () => {
    await using server = await start();
    for (const length of ['3', '30']) {
      const response = await server.app.inject({
        method: 'POST',
        url: V2,
        headers: { 'content-length': length },
        payload: Readable.from([Buffer.from('0123456789')]),
      });
      expect(response.statusCode).toBe(400);
      expect(response.json().error).toBe(`The body has 10 bytes, content-length says ${length}.`);
    }
    expect(server.serving.payloads.usedBytes).toBe(0);
  });

  it('with an id that is none is refused in both dialects', async () => {
    await using server = await start();
    const oip = await server.app.inject({ method: 'POST', url: '/v2/models/a%2F..%2Fb/infer', payload: BODY });
    expect([oip.statusCode, Object.keys(oip.json())]).toEqual([400, ['error']]);
    const url = '/api/v1/model_serving/models/.a/infer';
    const problem = await server.app.inject({ method: 'POST', url, payload: BODY });
    expect([problem.statusCode, problem.json().type]).toEqual([400, 'urn:echoserve:error:invalid_request']);
  });
});

describe('a large inference', () => {
  const chunks = (count: number) => Readable.from(Array.from({ length: count }, () => Buffer.alloc(1000, 'x')));

  it('arrives in chunks of unknown number', async () => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'POST',
      url: V2,
      headers: { 'transfer-encoding': 'chunked' },
      payload: chunks(20),
    });
    expect(response.rawPayload).toEqual(Buffer.alloc(20_000, 'x'));
    expect(server.serving.payloads.opened).toEqual([undefined]);
    expect(server.serving.payloads.usedBytes).toBe(0);
  });

  it('of exactly the limit is taken, one byte more is not', async () => {
    await using server = await start({ bodyLimitBytes: 10 });
    const post = (payload: string) => server.app.inject({ method: 'POST', url: V2, payload });
    expect((await post('x'.repeat(10))).statusCode).toBe(200);
    const refused = await post('x'.repeat(11));
    expect([refused.statusCode, refused.json().error]).toEqual([413, expect.stringContaining('10 bytes')]);
  });

  it('is refused once it passes the limit, and its space given back', async () => {
    await using server = await start({ bodyLimitBytes: 5_000 });
    const response = await server.app.inject({
      method: 'POST',
      url: V2,
      headers: { 'transfer-encoding': 'chunked' },
      payload: chunks(20),
    });
    expect(response.statusCode).toBe(413);
    expect(server.serving.payloads.usedBytes).toBe(0);
  });

  it('is refused with a time to come back when too many bytes are in flight', async () => {
    await using server = await start({}, new FakeModelServing(undefined, new HeapPayloadStore(3_000)));
    for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': '20000' }]) {
      const response = await server.app.inject({ method: 'POST', url: V2, headers, payload: chunks(20) });
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    }
    expect(server.serving.payloads.usedBytes).toBe(0);
  });
});

describe('an inference that is refused before it is run', () => {
  it('is counted with the reason', async () => {
    const serving = new FakeModelServing(undefined, new HeapPayloadStore(3_000));
    await using server = await start({ bodyLimitBytes: 20_000 }, serving);
    const post = (headers: Record<string, string>, payload: string) =>
      server.app.inject({ method: 'POST', url: V2, headers, payload });
    await post({}, 'x'.repeat(20_001));
    await post({}, 'x'.repeat(4_000));
    await post({ 'content-encoding': 'br' }, BODY);
    await post({}, '');
    expect(serving.refusals).toEqual(['body_too_large', 'overloaded', 'unsupported_media_type', 'invalid_request']);
    await post({}, BODY);
    serving.failure = new AppError('queue_full', 'The queue is full.');
    await post({}, BODY);
    // What comes so far is counted there.
    expect(serving.refusals).toHaveLength(4);
  });
});

describe('a failed inference', () => {
  it.each([
    [new AppError('invalid_tensor', 'Input "x" has the wrong shape.'), 400],
    [new AppError('queue_full', 'The queue is full.', { retryAfterS: 0.2 }), 429],
    [new AppError('model_crashed', 'This request crashed the model.'), 500],
    [new AppError('deadline_exceeded', 'Too late.'), 504],
    [new Error('secret path /etc'), 500],
  ])('gives the space of its body back after %s', async (failure, status) => {
    await using server = await start();
    server.serving.failure = failure;
    for (const url of [V2, MANAGEMENT]) {
      const response = await server.app.inject({ method: 'POST', url, payload: BODY });
      expect(response.statusCode).toBe(status);
      expect(response.body).not.toContain('secret');
      expect(response.headers['retry-after']).toBe(status === 429 ? '1' : undefined);
    }
    expect(server.serving.payloads.usedBytes).toBe(0);
  });
});

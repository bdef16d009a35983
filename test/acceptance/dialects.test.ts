import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Server } from '../helpers/acceptance/server.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/models');
const API = '/api/v1/model_serving';
const MODELS = readdirSync(EXAMPLES);

interface Probe {
  readonly request: Record<string, unknown>;
  readonly expected: {
    readonly outputs: readonly { readonly name: string; readonly shape: number[]; readonly data: unknown[] }[];
  };
}

/** Written by the training program; a wrong shape makes a test fail. */
function probesOf(modelId: string, version: string): Probe[] {
  const dir = join(EXAMPLES, modelId, version, 'probes');
  return readdirSync(dir).map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as Probe);
}

/** Numbers within the probes' tolerance, the rest as it is. */
function approximately(data: readonly unknown[]): unknown[] {
  return data.map((value) => (typeof value === 'number' ? expect.closeTo(value, 4) : value));
}

let server: Server;

beforeAll(async () => {
  server = await Server.start();
  cpSync(EXAMPLES, server.home.repository, { recursive: true });
});

afterAll(() => server[Symbol.asyncDispose]());

describe.each(MODELS)('the example %s', (modelId) => {
  test('passes its health checks, its golden probes among them', async () => {
    expect(await server.load(modelId)).toMatchObject({ status: 200, body: { version: '2', serving: true } });
    const { status, body } = await server.request(`${API}/health_check/${modelId}`, { method: 'POST' });
    expect({ status, body }).toMatchObject({ status: 200, body: { model_id: modelId, status: 'healthy' } });
    const { health } = (await server.load(modelId)).body as { health: { checks: { name: string; status: string }[] } };
    expect(health.checks.filter((check) => check.status === 'failed')).toEqual([]);
    expect(health.checks.length).toBeGreaterThan(1);
  });

  test.each(['1', '2'])('answers as it should in both dialects, version %s', async (version) => {
    expect((await server.load(modelId, { version })).status).toBe(200);
    for (const { request, expected } of probesOf(modelId, version)) {
      const outputs = expected.outputs.map(({ name, shape, data }) => ({ name, shape, data: approximately(data) }));
      const byPath = await server.post(`/v2/models/${modelId}/versions/${version}/infer`, { id: 'mine', ...request });
      const byHeader = await server.post(`${API}/models/${modelId}/infer`, request, { 'x-model-version': version });
      for (const answer of [byPath, byHeader]) {
        expect(answer).toMatchObject({ status: 200, body: { model_name: modelId, model_version: version, outputs } });
        expect(answer.headers.get('x-served-by')).toBe(`${modelId}@${version}`);
      }
      expect(byPath.body).toMatchObject({ id: 'mine' });
    }
  });
});

describe('the Open Inference Protocol', () => {
  test('describes the server and a model', async () => {
    expect(await server.request('/v2')).toMatchObject({
      status: 200,
      body: { name: 'echoserve', extensions: expect.arrayContaining(['binary_tensor_data', 'classification']) },
    });
    expect(await server.request('/v2/models/iris')).toMatchObject({
      body: {
        name: 'iris',
        versions: ['1', '2'],
        platform: 'onnxruntime_onnx',
        inputs: [{ name: 'measurements', datatype: 'FP32', shape: [-1, 4] }],
        outputs: [
          { name: 'label', datatype: 'BYTES' },
          { name: 'probabilities', shape: [-1, 3] },
        ],
      },
    });
    expect(await server.request('/v2/models/iris/config')).toMatchObject({
      body: { max_batch_size: 32, input: [{ data_type: 'TYPE_FP32', dims: [4] }], backend: 'onnxruntime' },
    });
  });

  test('counts', async () => {
    const { body } = await server.request<{
      model_stats: { inference_count: number; name: string; version: string }[];
    }>('/v2/models/stats');
    expect(body.model_stats.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(
      MODELS.flatMap((model) => [`${model}@1`, `${model}@2`]).sort(),
    );
    for (const { inference_count: count } of body.model_stats) expect(count).toBeGreaterThanOrEqual(4);
  });

  test('lists and unloads as Triton’s client asks, with empty bodies and no content type', async () => {
    const index = () =>
      server.request<{ name: string; version: string; state: string }[]>('/v2/repository/index', { method: 'POST' });
    expect((await index()).body).toHaveLength(6);
    expect((await index()).body.every(({ state }) => state === 'READY')).toBe(true);
    expect((await server.request('/v2/repository/models/digits/unload', { method: 'POST' })).status).toBe(200);
    const states = (await index()).body.filter(({ name }) => name === 'digits').map(({ state }) => state);
    expect(states).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(await server.request('/v2/models/digits/ready')).toMatchObject({ status: 503, body: { ready: false } });
    expect(await server.request('/v2/models/iris/ready')).toMatchObject({ status: 200, body: { ready: true } });
  });
});

describe('each dialect has its own errors', () => {
  const inputs = [{ name: 'measurements', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }];

  test('for a request that does not fit the model', async () => {
    const problem = await server.post(`${API}/models/iris/infer`, { inputs });
    expect(problem).toMatchObject({ status: 400, body: { type: 'urn:echoserve:error:invalid_tensor', status: 400 } });
    expect(problem.headers.get('content-type')).toContain('application/problem+json');
    const error = await server.post('/v2/models/iris/infer', { inputs });
    expect(error).toMatchObject({ status: 400, body: { error: expect.stringContaining('"measurements"') } });
    expect(Object.keys(error.body as object)).toEqual(['error']);
  });

  test('for what is not there', async () => {
    expect(await server.request(`${API}/models/rose`)).toMatchObject({ status: 404, body: { title: 'Unknown model' } });
    expect(await server.request('/v2/models/rose')).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    expect(await server.request('/v2/models/iris/versions/9')).toMatchObject({ status: 404 });
    expect(await server.request('/v2/nothing')).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    expect(await server.request('/v2', { method: 'DELETE' })).toMatchObject({ status: 405 });
  });
});

test('what watches the server finds the models in the metrics', async () => {
  const { status, body } = await server.request<string>('/metrics');
  expect(status).toBe(200);
  expect(body).toMatch(/echoserve_requests_total\{model="iris",version="2"\} [1-9]/);
  expect(body).not.toContain('model="digits"');
});

test('a request keeps its id and its trace', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { headers } = await server.request('/v2', { headers: { 'x-request-id': 'abc-1', traceparent } });
  expect(headers.get('x-request-id')).toBe('abc-1');
  expect(headers.get('traceparent')).toBe(traceparent);
});

test('the documentation is there', async () => {
  const page = await server.request<string>('/docs');
  expect(page.status).toBe(200);
  expect(page.body).toContain('swagger');
});

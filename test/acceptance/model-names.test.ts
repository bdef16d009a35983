import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floats } from '../helpers/acceptance/ask.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { statusOf } from '../helpers/acceptance/views.ts';
import { addOne } from '../helpers/onnx/models.ts';

const NAME = 'meta-llama/Meta-Llama-3.1-8B';
const API = '/api/v1/model_serving';

let server: Server;

beforeAll(async () => {
  server = await Server.start();
  server.home.add(NAME, addOne());
  // Neighbours that a sloppy router would take it for.
  server.home.add('meta-llama', addOne());
  server.home.add('Meta-Llama-3.1-8B', addOne());
});

afterAll(() => server[Symbol.asyncDispose]());

describe.each([
  ['percent-encoded', encodeURIComponent(NAME)],
  ['with a raw slash', NAME],
])('a model id %s', (_form, id) => {
  const body = { inputs: floats(1, 2, 3) };

  test('reaches the model on the management API', async () => {
    expect(await server.load(NAME)).toMatchObject({ status: 200, body: { model_id: NAME } });
    for (const path of [`models/${id}`, `health/${id}`]) {
      expect(await server.request(`${API}/${path}`)).toMatchObject({ status: 200, body: { model_id: NAME } });
    }
    const checked = await server.request(`${API}/health_check/${id}`, { method: 'POST' });
    expect(checked).toMatchObject({ status: 200, body: { model_id: NAME, status: 'healthy' } });
    const inferred = await server.post(`${API}/models/${id}/infer`, body);
    expect(inferred).toMatchObject({ status: 200, body: { model_name: NAME, outputs: [{ data: [2, 3, 4] }] } });
    expect(inferred.headers.get('x-served-by')).toBe(`${NAME}@1`);
    const unloaded = await server.request(`${API}/models/${id}?version=1`, { method: 'DELETE' });
    expect(unloaded).toMatchObject({ status: 200, body: { model_id: NAME, unloaded: ['1'] } });
  });

  test('reaches the model by the Open Inference Protocol, with and without a version', async () => {
    const loaded = await server.post(`/v2/repository/models/${id}/load`, {});
    expect(loaded).toMatchObject({ status: 200, body: {} });
    for (const path of [`/v2/models/${id}`, `/v2/models/${id}/versions/1`]) {
      expect(await server.request(path)).toMatchObject({ status: 200, body: { name: NAME, versions: ['1'] } });
      expect(await server.request(`${path}/ready`)).toMatchObject({ status: 200, body: { name: NAME, ready: true } });
      expect(await server.request(`${path}/config`)).toMatchObject({ status: 200, body: { name: NAME } });
      expect(await server.request(`${path}/stats`)).toMatchObject({
        status: 200,
        body: { model_stats: [{ name: NAME, version: '1' }] },
      });
      expect(await server.post(`${path}/infer`, body)).toMatchObject({
        status: 200,
        body: { model_name: NAME, model_version: '1', outputs: [{ data: [2, 3, 4] }] },
      });
    }
    const unloaded = await server.request(`/v2/repository/models/${id}/unload`, { method: 'POST' });
    expect(unloaded).toMatchObject({ status: 200, body: {} });
  });
});

test('its neighbours were not meant', async () => {
  expect((await statusOf(server)).overview).toMatchObject({ known_models: 3, resident_models: 0 });
  const { body } = await server.request(`${API}/models/meta-llama`);
  expect(body).toMatchObject({ model_id: 'meta-llama', versions: [{ statistics: { succeeded: 0 } }] });
});

test.each(['..%2Fetc', 'a%252Fb', 'meta-llama%2F', '%00', 'a/b/../c', 'x'.repeat(300)])(
  'what is no model id (%s) is refused as such, or is no route',
  async (id) => {
    for (const path of [`${API}/models/${id}`, `/v2/models/${id}`]) {
      // fetch would resolve the dots before sending them.
      const { status } = await server.request(path.replaceAll('..', '%2E%2E'));
      expect([400, 404]).toContain(status);
    }
  },
);

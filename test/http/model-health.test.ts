import { describe, expect, it } from 'vitest';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { start } from '../helpers/http/start.ts';
import { absentView, versionView } from '../helpers/http/views.ts';

const BASE = '/api/v1/model_serving';
const LLAMA = 'meta-llama/Meta-Llama-3.1-8B';
const FORMS = [
  ['raw', LLAMA],
  ['encoded', encodeURIComponent(LLAMA)],
] as const;

const llama = () =>
  new FakeModelServing([versionView({ modelId: LLAMA }), absentView({ modelId: LLAMA, version: '2' })]);

describe('health of a model', () => {
  it.each(FORMS)('is told under a %s id', async (_form, id) => {
    await using server = await start({}, llama());
    const response = await server.app.inject(`${BASE}/health/${id}`);
    expect(response.json()).toEqual({
      model_id: LLAMA,
      version: '1',
      state: 'ready',
      reason: null,
      health: {
        status: 'healthy',
        last_check: '2023-11-14T22:13:20.000Z',
        checks: [{ name: 'synthetic inference', status: 'passed', detail: 'one run with zeros', duration_ms: 1.5 }],
      },
    });
  });

  it.each(FORMS)('is checked under a %s id, the worst version counting', async (_form, id) => {
    const unhealthy = { status: 'unhealthy', lastCheckAt: undefined, checks: [] } as const;
    const views = [versionView({ modelId: LLAMA }), versionView({ modelId: LLAMA, version: '2', health: unhealthy })];
    await using server = await start({}, new FakeModelServing(views));
    const response = await server.app.inject({ method: 'POST', url: `${BASE}/health_check/${id}` });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ model_id: LLAMA, status: 'unhealthy' });
    expect(response.json().versions).toHaveLength(2);
  });

  it('refuses a body with anything in it', async () => {
    await using server = await start();
    const url = `${BASE}/health_check/iris`;
    expect((await server.app.inject({ method: 'POST', url, payload: {} })).statusCode).toBe(200);
    expect((await server.app.inject({ method: 'POST', url, payload: { deep: true } })).statusCode).toBe(400);
  });
});

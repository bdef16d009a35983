import { describe, expect, it } from 'vitest';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { start } from '../helpers/http/start.ts';
import { absentView, versionView } from '../helpers/http/views.ts';

describe('probes', () => {
  it('say that the process lives and is ready', async () => {
    await using server = await start();
    expect((await server.app.inject('/livez')).json()).toEqual({ status: 'alive' });
    expect((await server.app.inject('/readyz')).json()).toEqual({ status: 'ready' });
    expect((await server.app.inject('/v2/health/live')).json()).toEqual({ live: true });
    expect((await server.app.inject('/v2/health/ready')).json()).toEqual({ ready: true });
  });

  it('say why the server is not ready, while it lives', async () => {
    await using server = await start();
    server.serving.notReady = 'required model "iris" is not loaded';
    expect((await server.app.inject('/livez')).statusCode).toBe(200);
    const ready = await server.app.inject('/readyz');
    expect(ready.statusCode).toBe(503);
    expect(ready.headers['retry-after']).toBe('1');
    expect(ready.json()).toMatchObject({
      type: 'urn:echoserve:error:not_ready',
      detail: 'Not ready: required model "iris" is not loaded.',
    });
    const oip = await server.app.inject('/v2/health/ready');
    expect([oip.statusCode, oip.json()]).toEqual([503, { ready: false }]);
  });

  it('need no more than what is in memory', async () => {
    await using server = await start();
    server.serving.failure = new Error('the disk is slow');
    expect((await server.app.inject('/health')).statusCode).toBe(200);
    expect((await server.app.inject('/readyz')).statusCode).toBe(200);
  });

  it('give the metrics as they were rendered', async () => {
    await using server = await start();
    const response = await server.app.inject('/metrics');
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.body).toBe('up 1\n');
  });

  it('answer HEAD as GET without the body', async () => {
    await using server = await start();
    const response = await server.app.inject({ method: 'HEAD', url: '/livez' });
    expect([response.statusCode, response.body]).toEqual([200, '']);
  });
});

describe('health for load balancers', () => {
  it('has the figures of the model serving', async () => {
    await using server = await start();
    const response = await server.app.inject('/health');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      status: 'healthy',
      reason: null,
      model_serving: {
        enabled: true,
        cached_models: 1,
        active_versions: 1,
        healthy_models: 1,
        total_loads: 3,
        cache_hit_rate: 0.25,
        engine_integrated: true,
      },
      memory: { runners_bytes: 15_000_000 },
    });
  });

  it('is degraded, and still 200, when one version failed', async () => {
    const failed = versionView({ modelId: 'bad', state: 'failed', reason: 'not ONNX', serving: false });
    await using server = await start({}, new FakeModelServing([versionView(), failed, absentView({ version: '2' })]));
    const response = await server.app.inject('/health');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      status: 'degraded',
      reason: 'bad@1 has failed',
      model_serving: { cached_models: 1, active_versions: 1, healthy_models: 1 },
    });
  });

  it('is 503 with the reason when the server is not ready', async () => {
    await using server = await start();
    server.serving.beginDrain();
    const response = await server.app.inject('/health');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ status: 'unhealthy', reason: 'the server is draining' });
  });
});

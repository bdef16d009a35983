import { describe, expect, it } from 'vitest';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { rolloutView } from '../helpers/http/fake-rollouts.ts';
import { start } from '../helpers/http/start.ts';
import { absentView, versionView } from '../helpers/http/views.ts';

const LLAMA = 'meta-llama/Meta-Llama-3.1-8B';
const FORMS = [
  ['raw', LLAMA],
  ['encoded', encodeURIComponent(LLAMA)],
] as const;
const llama = () =>
  new FakeModelServing([
    versionView({ modelId: LLAMA }),
    versionView({ modelId: LLAMA, version: '2', serving: false, weight: 0, inputs: [] }),
  ]);

describe('the server', () => {
  it('lists only the extensions that it has', async () => {
    await using server = await start({ version: '1.2.3' });
    for (const url of ['/v2', '/v2/']) {
      expect((await server.app.inject(url)).json()).toEqual({
        name: 'echoserve',
        version: '1.2.3',
        extensions: ['binary_tensor_data', 'classification', 'model_configuration', 'model_repository', 'statistics'],
      });
    }
  });
});

describe.each(FORMS)('a model under a %s id', (_form, id) => {
  it('has its metadata, for the version that serves and for a named one', async () => {
    await using server = await start({}, llama());
    const metadata = {
      name: LLAMA,
      versions: ['1', '2'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'label', datatype: 'BYTES', shape: [-1] }],
    };
    expect((await server.app.inject(`/v2/models/${id}`)).json()).toEqual(metadata);
    expect((await server.app.inject(`/v2/models/${id}/versions/2`)).json()).toEqual({ ...metadata, inputs: [] });
  });

  it('is ready when it can answer', async () => {
    await using server = await start({}, llama());
    for (const path of ['ready', 'versions/2/ready']) {
      const response = await server.app.inject(`/v2/models/${id}/${path}`);
      expect([response.statusCode, response.json()]).toEqual([200, { name: LLAMA, ready: true }]);
    }
    expect((await server.app.inject(`/v2/models/${id}/versions/3/ready`)).statusCode).toBe(404);
  });

  it("has Triton's configuration, without the batch dimension", async () => {
    await using server = await start({}, llama());
    const response = await server.app.inject(`/v2/models/${id}/config`);
    expect(response.json()).toMatchObject({
      name: LLAMA,
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 32,
      version_policy: { specific: { versions: ['1'] } },
      input: [{ name: 'input', data_type: 'TYPE_FP32', format: 'FORMAT_NONE', dims: [4] }],
      output: [{ name: 'label', data_type: 'TYPE_STRING', dims: [] }],
      dynamic_batching: { max_queue_delay_microseconds: 0 },
    });
    const named = await server.app.inject(`/v2/models/${id}/versions/2/config`);
    expect(named.json().version_policy.specific.versions).toEqual(['2']);
  });

  it('has the options of batches, as the model-serving API has them', async () => {
    const batching = { maxBatchSize: 16, maxQueueDelayUs: 500, preferredBatchSizes: [4, 8] };
    await using server = await start({}, new FakeModelServing([versionView(batching)]));
    const config = (await server.app.inject('/v2/models/iris/config')).json();
    expect(config).toMatchObject({
      max_batch_size: 16,
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: 500 },
    });
    const model = (await server.app.inject('/api/v1/model_serving/models/iris')).json();
    expect(model.versions[0].allocation).toMatchObject({
      max_batch_size: 16,
      max_queue_delay_us: 500,
      preferred_batch_sizes: [4, 8],
    });
  });

  it("tells a version's instances in Triton's configuration", async () => {
    await using server = await start({}, new FakeModelServing([versionView({ instances: 3 })]));
    const config = (await server.app.inject('/v2/models/iris/config')).json();
    expect(config.instance_group).toEqual([{ name: 'iris_0', kind: 'KIND_CPU', count: 3, gpus: [] }]);
  });

  it("has Triton's statistics, in nanoseconds", async () => {
    await using server = await start({}, llama());
    const all = (await server.app.inject(`/v2/models/${id}/stats`)).json();
    expect(all.model_stats.map((each: { version: string }) => each.version)).toEqual(['1', '2']);
    const [stats] = (await server.app.inject(`/v2/models/${id}/versions/1/stats`)).json().model_stats;
    expect(stats).toEqual({
      name: LLAMA,
      version: '1',
      last_inference: 1_700_000_000_000,
      inference_count: 4,
      execution_count: 3,
      inference_stats: {
        success: { count: 4, ns: 10_000_000 },
        fail: { count: 3, ns: 0 },
        queue: { count: 4, ns: 10_000_000 },
        compute_input: { count: 4, ns: 10_000_000 },
        compute_infer: { count: 4, ns: 10_000_000 },
        compute_output: { count: 4, ns: 10_000_000 },
      },
      batch_stats: [
        {
          batch_size: 1,
          compute_input: { count: 2, ns: 0 },
          compute_infer: { count: 2, ns: 0 },
          compute_output: { count: 2, ns: 0 },
        },
        {
          batch_size: 2,
          compute_input: { count: 1, ns: 0 },
          compute_infer: { count: 1, ns: 0 },
          compute_output: { count: 1, ns: 0 },
        },
      ],
    });
  });

  it("is loaded and unloaded by Triton's clients, who post nothing or parameters of their own", async () => {
    // Of one version, which serves.
    await using server = await start({}, new FakeModelServing([versionView({ modelId: LLAMA })]));
    const bodies = [
      {},
      { payload: '{}' },
      {
        payload: '{"parameters":{"unload_dependents":true}}',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      { payload: '', headers: { 'content-type': 'application/json' } },
    ];
    for (const body of bodies) {
      for (const action of ['load', 'unload']) {
        const url = `/v2/repository/models/${id}/${action}`;
        const response = await server.app.inject({ method: 'POST', url, ...body });
        expect([response.statusCode, response.json()]).toEqual([200, {}]);
      }
    }
    expect(server.serving.loads.map((load) => [load.modelId, load.version, load.wait])).toEqual(
      bodies.map(() => [LLAMA, 'latest', true]),
    );
    expect(server.serving.unloads).toEqual(bodies.map(() => ({ modelId: LLAMA, version: undefined })));
  });
});

describe('a model of which a newer version is there', () => {
  const url = '/v2/repository/models/iris/load';
  const newer = () =>
    new FakeModelServing([versionView(), versionView({ version: '2', serving: false, weight: 0, state: 'absent' })]);

  it('is updated to it by a load', async () => {
    await using server = await start({}, newer());
    const response = await server.app.inject({ method: 'POST', url });
    expect([response.statusCode, response.json()]).toEqual([200, {}]);
    expect(server.serving.loads).toEqual([]);
    expect(server.rollouts.updates).toMatchObject([
      { request: { modelId: 'iris', newVersion: 'latest', wait: false } },
    ]);
  });

  it('is left to the update to it that is under way', async () => {
    await using server = await start({}, newer());
    server.rollouts.views = [rolloutView()];
    expect((await server.app.inject({ method: 'POST', url })).statusCode).toBe(200);
    expect([server.serving.loads, server.rollouts.updates]).toEqual([[], []]);
  });
});

describe('a model that is not loaded', () => {
  const absent = () => new FakeModelServing([absentView()]);

  it('is not ready, unless it would be loaded on demand', async () => {
    await using server = await start({}, absent());
    const url = '/v2/models/iris/ready';
    const before = await server.app.inject(url);
    expect([before.statusCode, before.json()]).toEqual([503, { name: 'iris', ready: false }]);
    server.serving.canAnswer = () => Promise.resolve(true);
    expect((await server.app.inject(url)).statusCode).toBe(200);
  });

  it('has statistics and a configuration that say nothing yet', async () => {
    await using server = await start({}, absent());
    const { model_stats } = (await server.app.inject('/v2/models/iris/stats')).json();
    expect(model_stats[0].last_inference).toBe(0);
    const config = (await server.app.inject('/v2/models/iris/config')).json();
    expect(config).toMatchObject({ max_batch_size: 0, input: [] });
    expect(config).not.toHaveProperty('dynamic_batching');
  });
});

describe('the repository index', () => {
  const views = [
    versionView(),
    absentView({ version: '2' }),
    versionView({ version: '3', state: 'failed', reason: 'not ONNX' }),
    versionView({ version: '4', state: 'loading' }),
    versionView({ version: '5', state: 'draining' }),
  ];

  it('has every version with its state', async () => {
    await using server = await start({}, new FakeModelServing(views));
    const response = await server.app.inject({ method: 'POST', url: '/v2/repository/index' });
    expect(response.json()).toEqual([
      { name: 'iris', version: '1', state: 'READY', reason: '' },
      { name: 'iris', version: '2', state: 'UNAVAILABLE', reason: 'not loaded' },
      { name: 'iris', version: '3', state: 'UNAVAILABLE', reason: 'not ONNX' },
      { name: 'iris', version: '4', state: 'LOADING', reason: '' },
      { name: 'iris', version: '5', state: 'UNLOADING', reason: '' },
    ]);
  });

  it('has only what is ready when that is asked for', async () => {
    await using server = await start({}, new FakeModelServing(views));
    const response = await server.app.inject({
      method: 'POST',
      url: '/v2/repository/index',
      payload: '{"ready":true}',
    });
    expect(response.json()).toEqual([{ name: 'iris', version: '1', state: 'READY', reason: '' }]);
  });

  it('refuses a body that is no JSON in its own dialect', async () => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: '/v2/repository/index', payload: '{"ready":' });
    expect(response.statusCode).toBe(400);
    expect(Object.keys(response.json())).toEqual(['error']);
  });
});

describe('the statistics of all models', () => {
  it('have every resident version', async () => {
    await using server = await start({}, new FakeModelServing([versionView(), absentView({ version: '2' })]));
    const { model_stats } = (await server.app.inject('/v2/models/stats')).json();
    expect(model_stats.map((each: { version: string }) => each.version)).toEqual(['1']);
  });
});

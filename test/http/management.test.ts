import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
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

describe('status', () => {
  it('names its figures as the domain does', async () => {
    await using server = await start();
    const response = await server.app.inject(`${BASE}/status`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      service: { name: 'echoserve', started_at: '2023-11-14T22:13:20.000Z' },
      engine: { name: 'fake' },
      overview: { known_models: 1, ready_versions: 1 },
      performance_metrics: { total_loads: 3, cache_hit_rate: 0.25, average_load_time_ms: 51.5 },
      memory: { runners_bytes: 15_000_000 },
      processors: { count: 2, from: 'cgroup', intra_op_threads: null },
      runners: [{ model_id: 'iris', version: '1', pid: 4242, intra_op_threads: 1, intra_op_threads_from: 'model' }],
      load_balancer: [{ model_id: 'iris', version: '1', weight: 1, in_flight: 0 }],
      health_summary: { healthy: 1 },
      repository_problems: [{ path: 'broken', reason: 'no model.onnx' }],
    });
  });

  it('has the histograms in its metrics, with infinity as text', async () => {
    await using server = await start();
    const { totals, versions } = (await server.app.inject(`${BASE}/metrics`)).json();
    expect(totals).toMatchObject({ total_requests: 7, failed_requests: 3, failures_by_reason: { queue_full: 3 } });
    expect(versions[0].statistics.latency.compute.buckets).toEqual([
      { le_ms: 5, count: 3 },
      { le_ms: '+Inf', count: 4 },
    ]);
  });

  it('refuses an unknown query parameter by name', async () => {
    await using server = await start();
    const response = await server.app.inject(`${BASE}/status?verbose=1`);
    expect(response.statusCode).toBe(400);
    expect(response.json().detail).toContain('"verbose"');
  });
});

describe('models', () => {
  it('are listed with their versions, resident or not', async () => {
    await using server = await start({}, llama());
    const { models } = (await server.app.inject(`${BASE}/models`)).json();
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({
      model_id: LLAMA,
      serving_version: '1',
      previous_version: null,
      latest_version: '2',
      traffic: [{ version: '1', weight: 1 }],
    });
    expect(models[0].versions.map((each: { state: string }) => each.state)).toEqual(['ready', 'absent']);
  });

  it.each(FORMS)('are described under a %s id', async (_form, id) => {
    await using server = await start({}, llama());
    const response = await server.app.inject(`${BASE}/models/${id}`);
    expect(response.statusCode).toBe(200);
    const { versions } = response.json();
    expect(versions[0]).toMatchObject({
      model_id: LLAMA,
      version: '1',
      state: 'ready',
      serving: true,
      weight: 1,
      pinned: false,
      source: null,
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'label', datatype: 'BYTES', shape: [-1] }],
      allocation: { parameter_count: 51, measured_memory_gb: 0.015, peak_memory_gb: 0.02 },
      health: { status: 'healthy', last_check: '2023-11-14T22:13:20.000Z' },
      loaded_at: '2023-11-14T22:13:20.000Z',
      load_time_ms: 51.5,
      reason: null,
      progress: null,
    });
    expect(versions[0].statistics.latency.total).toEqual({ count: 4, sum_ms: 10, p50_ms: 2, p90_ms: 5, p99_ms: null });
    expect(versions[1]).toMatchObject({ state: 'absent', loaded_at: null, allocation: { parameter_count: null } });
  });

  it('tell how their load goes on, and why it failed', async () => {
    const views = [
      versionView({ state: 'failed', reason: 'not ONNX', serving: false, weight: 0 }),
      versionView({
        version: '2',
        state: 'loading',
        progress: { phase: 'fetching', bytesDone: 10, bytesTotal: undefined },
      }),
    ];
    await using server = await start({}, new FakeModelServing(views));
    const { versions } = (await server.app.inject(`${BASE}/models/iris`)).json();
    expect(versions[0].reason).toBe('not ONNX');
    expect(versions[1].progress).toEqual({ phase: 'fetching', bytes_done: 10, bytes_total: null });
  });

  it.each(['a%2F..%2Fb', '%2e%2e%2fetc', 'a%252Fb', 'a/infer/load', '.hidden', 'a%00b', `${'a'.repeat(256)}`])(
    'are not looked for under the id %s',
    async (id) => {
      await using server = await start();
      const response = await server.app.inject(`${BASE}/models/${id}`);
      expect(response.statusCode).toBe(400);
      expect(response.json().type).toBe('urn:echoserve:error:invalid_request');
    },
  );
});

describe('load', () => {
  it('takes its defaults and answers the version', async () => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: `${BASE}/load`, payload: { model_id: 'iris' } });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ model_id: 'iris', version: '1', cache_hit: false });
    expect(server.serving.loads).toEqual([
      {
        modelId: 'iris',
        version: 'latest',
        source: undefined,
        sha256: undefined,
        options: {},
        pinned: undefined,
        forceReload: false,
        wait: true,
      },
    ]);
  });

  it('passes on what it is given', async () => {
    await using server = await start();
    server.serving.cacheHit = true;
    const response = await server.app.inject({
      method: 'POST',
      url: `${BASE}/load`,
      payload: {
        model_id: 'iris',
        version: '1',
        source: 'https://models.example/iris.onnx',
        sha256: 'AB'.repeat(32),
        options: {
          max_batch_size: 8,
          max_queue_delay_us: 500,
          preferred_batch_sizes: [4, 8],
          instances: 3,
          intra_op_threads: 2,
          warm_up_runs: 0,
        },
        pinned: true,
        force_reload: true,
      },
    });
    expect(response.json().cache_hit).toBe(true);
    expect(server.serving.loads[0]).toEqual({
      modelId: 'iris',
      version: '1',
      source: 'https://models.example/iris.onnx',
      sha256: 'ab'.repeat(32),
      options: {
        maxBatchSize: 8,
        maxQueueDelayUs: 500,
        preferredBatchSizes: [4, 8],
        instances: 3,
        intraOpThreads: 2,
        warmUpRuns: 0,
      },
      pinned: true,
      forceReload: true,
      wait: true,
    });
  });

  it('answers 202 and where to look when nobody waits', async () => {
    await using server = await start({}, llama());
    const response = await server.app.inject({
      method: 'POST',
      url: `${BASE}/load`,
      payload: { model_id: LLAMA, wait: false },
    });
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe(`${BASE}/models/${encodeURIComponent(LLAMA)}`);
  });

  it.each([
    ['an unknown field', { model_id: 'iris', dry_runs: true }, '"dry_runs"'],
    ['no instances', { model_id: 'iris', options: { instances: 0 } }, 'instances'],
    ['too many instances', { model_id: 'iris', options: { instances: 17 } }, 'instances'],
    ['an unknown option', { model_id: 'iris', options: { threads: 2 } }, 'body.options: Unrecognized key: "threads"'],
    ['no model id', {}, 'body.model_id'],
    ['a wrong type', { model_id: 'iris', wait: 'no' }, 'body.wait: Invalid input: expected boolean, received string'],
    ['a value out of range', { model_id: 'iris', options: { max_batch_size: 0 } }, 'body.options.max_batch_size'],
    ['too long a delay', { model_id: 'iris', options: { max_queue_delay_us: 1_000_001 } }, 'max_queue_delay_us'],
    ['a batch of one', { model_id: 'iris', options: { preferred_batch_sizes: [1] } }, 'preferred_batch_sizes.0'],
    [
      'a preferred batch above the largest',
      { model_id: 'iris', options: { preferred_batch_sizes: [4, 16], max_batch_size: 8 } },
      'body.options.preferred_batch_sizes: preferred_batch_sizes has 16, and max_batch_size is 8.',
    ],
    ['a bad digest', { model_id: 'iris', source: 'x', sha256: 'abc' }, 'body.sha256'],
    ['a digest of nothing', { model_id: 'iris', sha256: 'ab'.repeat(32) }, '"source"'],
    ['a bad id', { model_id: '../iris' }, 'Invalid model id'],
    ['a bad version', { model_id: 'iris', version: 'a/b' }, 'Invalid version'],
    ['an array', [], 'body'],
  ])('refuses %s and says where it is', async (_what, payload, expected) => {
    await using server = await start();
    const response = await server.app.inject({ method: 'POST', url: `${BASE}/load`, payload });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json().detail).toContain(expected);
    expect(server.serving.loads).toEqual([]);
  });

  it.each([
    ['no body', undefined, 'application/json', 400],
    ['broken JSON', '{"model_id":', 'application/json', 400],
    ['a poisoned prototype', '{"__proto__":{},"model_id":"iris"}', 'application/json', 400],
    ['a form', 'model_id=iris', 'application/x-www-form-urlencoded', 415],
    ['a content type that is none', '{"model_id":"iris"}', 'nonsense', 415],
    ['too long a body', JSON.stringify({ model_id: 'a'.repeat(100_001) }), 'application/json', 413],
  ])('refuses %s', async (_what, payload, contentType, status) => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'POST',
      url: `${BASE}/load`,
      headers: { 'content-type': contentType },
      ...(payload === undefined ? {} : { payload }),
    });
    expect(response.statusCode).toBe(status);
    expect(response.json().status).toBe(status);
    expect(server.serving.loads).toEqual([]);
  });

  it('gives the reason and the figures of a refusal', async () => {
    await using server = await start();
    server.serving.failure = new AppError('insufficient_memory', 'It does not fit.', {
      details: { needed_bytes: 10n, free_bytes: 5, status: 'mine' },
      next: 'Unload something.',
    });
    const response = await server.app.inject({ method: 'POST', url: `${BASE}/load`, payload: { model_id: 'iris' } });
    expect(response.statusCode).toBe(507);
    expect(response.json()).toMatchObject({
      type: 'urn:echoserve:error:insufficient_memory',
      status: 507,
      detail: 'It does not fit.',
      next: 'Unload something.',
      needed_bytes: '10',
      free_bytes: 5,
    });
  });
});

describe('unload', () => {
  it.each(FORMS)('takes a %s id, with and without a version', async (_form, id) => {
    await using server = await start({}, llama());
    const one = await server.app.inject({ method: 'DELETE', url: `${BASE}/models/${id}?version=1` });
    expect(one.json()).toEqual({ model_id: LLAMA, unloaded: ['1'] });
    const all = await server.app.inject({ method: 'DELETE', url: `${BASE}/models/${id}` });
    expect(all.json()).toEqual({ model_id: LLAMA, unloaded: ['1', '2'] });
    expect(server.serving.unloads).toEqual([
      { modelId: LLAMA, version: '1' },
      { modelId: LLAMA, version: undefined },
    ]);
  });

  it('refuses an unknown parameter and a version that is none', async () => {
    await using server = await start();
    for (const query of ['?versions=1', '?version=latest', '?version=a%2Fb']) {
      const response = await server.app.inject({ method: 'DELETE', url: `${BASE}/models/iris${query}` });
      expect(response.statusCode).toBe(400);
    }
    expect(server.serving.unloads).toEqual([]);
  });

  it('takes an empty body that is announced as JSON', async () => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'DELETE',
      url: `${BASE}/models/iris`,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(200);
  });
});

describe('a model with states', () => {
  it('tells what it keeps of its sequences; others have nothing there', async () => {
    const tensors = [{ input: 'h', output: 'h_out', datatype: 'FP32', rowShape: [2, 3], initial: 0 }] as const;
    const stateful = { tensors, openSequences: 2, maxSequences: 1000, sequenceIdleMs: 60_000 };
    const views = [versionView({ stateful }), versionView({ modelId: 'plain' })];
    await using server = await start({}, new FakeModelServing(views));
    const of = async (id: string) => (await server.app.inject(`${BASE}/models/${id}`)).json().versions[0].stateful;
    expect(await of('iris')).toEqual({
      tensors: [{ input: 'h', output: 'h_out', datatype: 'FP32', shape: [-1, 2, 3] }],
      open_sequences: 2,
      max_sequences: 1000,
      sequence_idle_ms: 60_000,
    });
    expect(await of('plain')).toBeNull();
  });
});

import { expect, test } from 'vitest';
import { createPrometheus } from '../../../src/adapters/telemetry/prometheus.ts';
import { FakeRollouts } from '../../helpers/http/fake-rollouts.ts';
import { Serving } from '../../helpers/serving/serving.ts';

async function loaded(): Promise<Serving> {
  const serving = new Serving();
  serving.catalog.add('lab/iris', '1');
  serving.catalog.add('lab/iris', '2');
  await serving.load('lab/iris', '1');
  await serving.load('lab/iris', '2');
  return serving;
}

/** The value of one series, or undefined where it is not written. */
function series(text: string, name: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

test('requests, failures and durations are told by model and version', async () => {
  await using serving = await loaded();
  await serving.infer('lab/iris');
  await serving.infer('lab/iris');
  await serving.infer('lab/iris', '2', { timeoutMs: 0 }).catch(() => undefined);
  const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  expect(series(text, 'echoserve_requests_total{model="lab/iris",version="1"}')).toBe(2);
  const labels = 'model="lab/iris",version="1",stage="compute"';
  expect(series(text, `echoserve_request_duration_seconds_count{${labels}}`)).toBe(2);
  expect(series(text, `echoserve_request_duration_seconds_sum{${labels}}`)).toBeCloseTo(0.003);
  expect(series(text, `echoserve_request_duration_seconds_bucket{${labels},le="0.001"}`)).toBe(0);
  expect(series(text, `echoserve_request_duration_seconds_bucket{${labels},le="0.002"}`)).toBe(2);
  expect(series(text, `echoserve_request_duration_seconds_bucket{${labels},le="+Inf"}`)).toBe(2);
});

test('what fails before a version can run it is told by reason', async () => {
  await using serving = await loaded();
  await serving.infer('lab/iris').catch(() => undefined);
  await serving.infer('tulip').catch(() => undefined);
  serving.manager.inferRefused('overloaded');
  const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  expect(series(text, 'echoserve_inferences_total')).toBe(3);
  expect(series(text, 'echoserve_inference_failures_total{reason="model_not_found"}')).toBe(1);
  expect(series(text, 'echoserve_inference_failures_total{reason="overloaded"}')).toBe(1);
  // Every reason is there from the start.
  expect(series(text, 'echoserve_inference_failures_total{reason="not_ready"}')).toBe(0);
});

test('an outage of a version is told', async () => {
  await using serving = await loaded();
  for (let crash = 0; crash < 5; crash += 1) {
    serving.engine.alive.find((runner) => runner.spec.version === '1')?.crash();
    await serving.clock.advance(6_000);
  }
  for (let request = 0; request < 5; request += 1) await serving.infer('lab/iris').catch(() => undefined);
  const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  const labels = 'model="lab/iris",version="1"';
  expect(series(text, `echoserve_model_state{${labels},state="failed"}`)).toBe(1);
  expect(series(text, `echoserve_requests_total{${labels}}`)).toBe(5);
  expect(series(text, `echoserve_request_failures_total{${labels},reason="not_ready"}`)).toBe(5);
});

test('health is told where it is known', async () => {
  await using serving = new Serving();
  serving.catalog.add('lab/iris', '1');
  serving.payloads.capacityBytes = 1;
  await serving.load('lab/iris', '1');
  const prometheus = createPrometheus(serving.manager, new FakeRollouts());
  const name = 'echoserve_model_healthy{model="lab/iris",version="1"}';
  expect(series((await prometheus.render()).text, name)).toBeUndefined();
  serving.payloads.capacityBytes = 1_000_000;
  await serving.load('lab/iris', '1', { forceReload: true });
  expect(series((await prometheus.render()).text, name)).toBe(1);
});

test('the figures are read once for each scrape, and others get their turns while it is written', async () => {
  await using serving = new Serving();
  for (let model = 0; model < 50; model += 1) {
    serving.catalog.add(`model-${model}`, '1');
    await serving.load(`model-${model}`, '1');
  }
  const { manager } = serving;
  let [reads, turns, isOver] = [0, 0, false];
  const source = {
    performance: () => manager.performance(),
    memory: () => manager.memory(),
    residentVersions: () => {
      reads += 1;
      return manager.residentVersions();
    },
  };
  const prometheus = createPrometheus(source, new FakeRollouts());
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const { text } = await prometheus.render();
  isOver = true;
  expect(reads).toBe(1);
  expect(turns).toBeGreaterThanOrEqual(10);
  expect(text.match(/^echoserve_request_duration_seconds_count\{/gm)).toHaveLength(50 * 5);
});

test('every line of ours is a sample, and each family is described once', async () => {
  await using serving = await loaded();
  const lines = (await createPrometheus(serving.manager, new FakeRollouts()).render()).text.trimEnd().split('\n');
  const sample = /^[a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (?:[-+.e\d]+|\+Inf|NaN)$/;
  expect(lines.filter((line) => line.startsWith('echoserve_') && !sample.test(line))).toEqual([]);
  const types = lines.filter((line) => line.startsWith('# TYPE '));
  expect(new Set(types).size).toBe(types.length);
});

test('runs are told by batch size, and apart from requests', async () => {
  await using serving = await loaded();
  serving.engine.behaviour = () => undefined;
  const answers = [serving.infer('lab/iris'), serving.infer('lab/iris'), serving.infer('lab/iris')];
  const runner = serving.engine.runners[0];
  for (const run of [...(runner?.open ?? [])]) runner?.answer(run, '{}', 3);
  await Promise.all(answers);
  const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  const labels = 'model="lab/iris",version="1"';
  expect(series(text, `echoserve_batch_size_bucket{${labels},le="2"}`)).toBe(0);
  expect(series(text, `echoserve_batch_size_bucket{${labels},le="4"}`)).toBe(1);
  expect(series(text, `echoserve_batch_size_sum{${labels}}`)).toBe(3);
  expect(series(text, `echoserve_batch_size_count{${labels}}`)).toBe(1);
  expect(series(text, `echoserve_executions_total{${labels}}`)).toBe(1);
  expect(series(text, `echoserve_requests_total{${labels}}`)).toBe(3);
});

test('loads, cache, footprint and weight are told', async () => {
  await using serving = await loaded();
  await serving.load('lab/iris', '1');
  const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  expect(series(text, 'echoserve_model_loads_total{outcome="succeeded"}')).toBe(2);
  expect(series(text, 'echoserve_model_loads_total{outcome="failed"}')).toBe(0);
  expect(series(text, 'echoserve_cache_hits_total')).toBe(1);
  expect(series(text, 'echoserve_cache_misses_total')).toBe(2);
  expect(series(text, 'echoserve_model_footprint_bytes{model="lab/iris",version="1"}')).toBe(30_000_000);
  expect(series(text, 'echoserve_model_traffic_weight{model="lab/iris",version="1"}')).toBe(1);
  expect(series(text, 'echoserve_model_traffic_weight{model="lab/iris",version="2"}')).toBe(0);
  expect(series(text, 'echoserve_model_state{model="lab/iris",version="2",state="ready"}')).toBe(1);
});

test('the processes of a version are counted', async () => {
  await using serving = await loaded();
  await serving.load('lab/iris', '2', { options: { instances: 3 }, forceReload: true });
  const count = async () => {
    const { text } = await createPrometheus(serving.manager, new FakeRollouts()).render();
    return ['1', '2'].map((version) => series(text, `echoserve_model_runners{model="lab/iris",version="${version}"}`));
  };
  expect(await count()).toEqual([1, 3]);
  serving.engine.hold();
  serving.engine.latest.crash();
  await serving.clock.advance(1);
  expect(await count()).toEqual([1, 2]);
});

test('the series of a version go when it is unloaded', async () => {
  await using serving = await loaded();
  const prometheus = createPrometheus(serving.manager, new FakeRollouts());
  expect((await prometheus.render()).text).toContain('version="2"');
  await serving.unload('lab/iris', '2');
  const { text } = await prometheus.render();
  expect(text).not.toContain('version="2"');
  expect(text).toContain('version="1"');
});

test('the process and its event loop are told, and two servers do not share a registry', async () => {
  await using serving = await loaded();
  createPrometheus(serving.manager, new FakeRollouts());
  const { text, contentType } = await createPrometheus(serving.manager, new FakeRollouts()).render();
  expect(text).toContain('nodejs_eventloop_lag_seconds');
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

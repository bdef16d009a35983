import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { patiently, runnerOf, statusOf, unload, until, versionOf } from '../helpers/acceptance/views.ts';
import { bigMlp, identity, slow } from '../helpers/onnx/models.ts';

const API = '/api/v1/model_serving';
const ten = <T>(make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 10 }, (_, index) => make(index)));

let server: Server;

beforeAll(async () => {
  server = await Server.start();
  for (const name of ['wanted', 'asked', 'noticed', 'reloaded']) server.home.add(name, identity('INT64', [-1]));
  server.home.add('reloaded', identity('INT64', [-1]), '2');
  server.home.add('slow', slow());
  server.home.add('big', bigMlp(2 ** 25));
});

afterAll(() => server[Symbol.asyncDispose]());

/** What happened to the counters meanwhile. */
async function counting(action: () => Promise<void>): Promise<Record<string, number>> {
  const before = (await statusOf(server)).performance_metrics;
  await action();
  const after = (await statusOf(server)).performance_metrics;
  const names = ['total_loads', 'successful_loads', 'failed_loads', 'cache_hits', 'cache_misses', 'unloads'];
  return Object.fromEntries(names.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]));
}

describe('at the same time', () => {
  test('ten first requests for a model make one load, and are all answered', async () => {
    const runners = server.children().length;
    const counts = await counting(async () => {
      expect(await ten((value) => echoFault(server, 'wanted', value))).toEqual(Array(10).fill(undefined));
    });
    expect(counts).toMatchObject({ total_loads: 1, successful_loads: 1, cache_misses: 1 });
    expect(server.children()).toHaveLength(runners + 1);
    expect((await versionOf(server, 'wanted')).statistics.succeeded).toBe(10);
  });

  test('ten loads are one, and a later one is a hit', async () => {
    const counts = await counting(async () => {
      const loads = await ten(() => server.load('asked'));
      expect(loads.map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(new Set(loads.map(({ body }) => body['runner_pid'])).size).toBe(1);
      expect((await server.load('asked')).body['cache_hit']).toBe(true);
    });
    expect(counts).toMatchObject({ total_loads: 1, cache_hits: 1, cache_misses: 1 });
  });
});

test('a load that nobody waits for is answered at once, and can be watched', async () => {
  const begun = await server.load('noticed', { wait: false });
  expect(begun).toMatchObject({ status: 202, body: { model_id: 'noticed', version: '1', cache_hit: false } });
  const location = begun.headers.get('location') ?? '';
  expect(location).toBe(`${API}/models/noticed`);
  await patiently(async () => {
    expect(await server.request(location)).toMatchObject({ status: 200, body: { versions: [{ state: 'ready' }] } });
  });
  const failing = await server.load('big', { wait: false, options: { intra_op_threads: 1 } });
  expect(failing.status).toBe(202);
  // A request waits for the load that is under way.
  const zeros = [{ name: 'x', shape: [1, 1024], datatype: 'FP32', data: Array(1024).fill(0) }];
  expect(await server.infer('big', zeros)).toMatchObject({ status: 200, body: { outputs: [{ data: [0] }] } });
});

test('a load that nobody waited for and that failed leaves its reason', async () => {
  server.home.add('bad', 'no model');
  expect((await server.load('bad', { wait: false })).status).toBe(202);
  const failed = await until(server, 'bad', ({ state }) => expect(state).toBe('failed'));
  expect(failed.reason).toMatch(/ONNX/);
});

describe('an unload', () => {
  test('lets the requests end that it finds, and then the process', async () => {
    expect((await server.load('slow')).status).toBe(200);
    const pid = await runnerOf(server, 'slow');
    const answers = [800, 1, 2].map((value) => echoFault(server, 'slow', value));
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(3));
    const unloaded = unload(server, 'slow');
    await until(server, 'slow', ({ state }) => expect(state).toBe('draining'));
    expect(await server.infer('slow', [])).toMatchObject({
      status: 503,
      body: { error: expect.stringContaining('unloaded') },
    });
    expect(isAlive(pid)).toBe(true);
    expect(await Promise.all(answers)).toEqual([undefined, undefined, undefined]);
    expect(await unloaded).toMatchObject({ status: 200, body: { model_id: 'slow', unloaded: ['1'] } });
    expect(isAlive(pid)).toBe(false);
  });

  test('holds until somebody loads the model again', async () => {
    expect(await echoFault(server, 'slow', 1)).toContain('503');
    expect((await unload(server, 'slow')).status).toBe(404);
    expect((await server.load('slow')).status).toBe(200);
    expect(await echoFault(server, 'slow', 1)).toBeUndefined();
  });
});

describe('a forced reload', () => {
  test('under traffic loses no request, and leaves one process', async () => {
    expect((await server.load('reloaded', { version: '1' })).status).toBe(200);
    const runners = server.children().length;
    const pids = new Set([await runnerOf(server, 'reloaded', '1')]);
    const trickle = new Trickle(server, 'reloaded', 4);
    for (let reload = 1; reload <= 3; reload += 1) {
      const { answered } = trickle;
      const { status, body } = await server.load('reloaded', { version: '1', force_reload: true });
      expect({ status, cacheHit: body['cache_hit'] }).toEqual({ status: 200, cacheHit: false });
      pids.add(Number(body['runner_pid']));
      await patiently(() => expect(trickle.answered).toBeGreaterThan(answered + 10));
    }
    expect((await trickle.stop()).faults).toEqual([]);
    expect(pids.size).toBe(4);
    await patiently(() => expect(server.children()).toHaveLength(runners));
    expect((await versionOf(server, 'reloaded', '1')).statistics.succeeded).toBe(trickle.answered);
  });

  test('with other options takes them; a plain load with others is refused', async () => {
    const options = { max_batch_size: 3 };
    expect(await server.load('reloaded', { version: '1', options })).toMatchObject({ status: 409 });
    const reloaded = await server.load('reloaded', { version: '1', options, force_reload: true });
    expect(reloaded).toMatchObject({ status: 200, body: { allocation: { max_batch_size: 3 } } });
  });

  test('of another version leaves the one that serves in its place', async () => {
    expect(await server.load('reloaded')).toMatchObject({ status: 200, body: { version: '2', serving: false } });
    expect((await versionOf(server, 'reloaded', '1')).serving).toBe(true);
    const byVersion = await server.post<{ model_version: string }>('/v2/models/reloaded/versions/2/infer', {
      inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [1] }],
    });
    expect(byVersion.body.model_version).toBe('2');
  });
});

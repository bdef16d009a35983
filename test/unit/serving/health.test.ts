import { expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { parseModelId } from '../../../src/core/model/model-id.ts';
import type { ProbeFile } from '../../../src/serving/ports/probe-files.ts';
import { settle } from '../../helpers/serving/fake-clock.ts';
import { codeOf, Serving } from '../../helpers/serving/serving.ts';

const NEVER = new AbortController().signal;
const answer = (data: readonly unknown[]) =>
  JSON.stringify({ outputs: [{ name: 'y', shape: [1, data.length], datatype: 'FP32', data }] });

function probe(data: readonly unknown[], more = {}): string {
  return JSON.stringify({
    name: 'first row',
    request: { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] },
    expected: { outputs: [{ name: 'y', shape: [1, data.length], datatype: 'FP32', data }] },
    ...more,
  });
}

const file = (text: string): ProbeFile => ({ kind: 'text', name: 'a.json', text });

function withProbes(files: readonly ProbeFile[]): Serving {
  const serving = new Serving();
  serving.catalog.add('iris', '1', { probesDir: '/models/iris/1/probes' });
  serving.probes.set('/models/iris/1/probes', files);
  return serving;
}

async function check(serving: Serving) {
  const [found] = await serving.manager.checkHealth(parseModelId('iris'), NEVER);
  const outcome = (name: string) => found?.health.checks.find((each) => each.name === name)?.status;
  return { status: found?.health.status, checks: found?.health.checks ?? [], outcome };
}

test('a version whose golden probes pass is healthy when it becomes ready', async () => {
  await using serving = withProbes([file(probe([0.25, 0.75]))]);
  const bodies: string[] = [];
  serving.engine.behaviour = (_request, body) => {
    bodies.push(body);
    return answer([0.250001, 0.75]);
  };
  const { version } = await serving.load('iris', '1');
  expect(version.health).toMatchObject({ status: 'healthy', checks: [{ name: 'probe a.json', status: 'passed' }] });
  expect(JSON.parse(bodies[0] ?? '').inputs[0].data).toEqual([1, 2]);
});

test('a golden probe that fails fails the load, which names the probe and the difference', async () => {
  await using serving = withProbes([file(probe([0.25, 0.75]))]);
  serving.engine.behaviour = () => answer([0.25, 0.76]);
  await expect(serving.load('iris', '1')).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringMatching(/probe a\.json: output "y" differs at element 1: 0\.76, expected 0\.75/),
  });
  expect(serving.engine.alive).toEqual([]);
  expect(serving.manager.residentVersions()).toEqual([]);
});

test('the tolerance of a probe is its own', async () => {
  await using serving = withProbes([file(probe([100], { tolerance: { absolute: 2, relative: 0 } }))]);
  serving.engine.behaviour = () => answer([101.5]);
  expect((await serving.load('iris', '1')).version.health.status).toBe('healthy');
});

test('a missing output, another shape and another data type are told', async () => {
  for (const [reply, difference] of [
    ['{"outputs":[]}', /"y" is missing/],
    ['{"outputs":[{"name":"y","shape":[2,1],"datatype":"FP32","data":[1,2]}]}', /shape \[2,1\], expected \[1,2\]/],
    ['{"outputs":[{"name":"y","shape":[1,2],"datatype":"FP64","data":[1,2]}]}', /is FP64, expected FP32/],
    ['{"outputs":[{"name":"y","shape":[1,2],"datatype":"FP32","data":[1]}]}', /1 elements, expected 2/],
  ] as const) {
    await using serving = withProbes([file(probe([1, 2]))]);
    serving.engine.behaviour = () => reply;
    await expect(serving.load('iris', '1')).rejects.toThrow(difference);
  }
});

test('a probe that is no probe fails the load, and one that is too large is skipped', async () => {
  await using broken = withProbes([file('{"request": 1}')]);
  await expect(broken.load('iris', '1')).rejects.toThrow(/probe a\.json.*"request" is missing/);
  await using large = withProbes([{ kind: 'too_large', name: 'a.json' }]);
  const { health } = (await large.load('iris', '1')).version;
  // Nothing was found out about it.
  expect(health).toMatchObject({ status: 'unknown', checks: [{ status: 'skipped' }] });
});

test('a probe that may not be read fails the load with the reason', async () => {
  await using serving = withProbes([{ kind: 'unreadable', name: 'a.json', reason: 'it is no regular file' }]);
  await expect(serving.load('iris', '1')).rejects.toMatchObject({
    code: 'model_unloadable',
    message: expect.stringMatching(/probe a\.json: it is no regular file/),
  });
});

test.each([
  ['root:x:0:0:secret', ''],
  ['{"request": {},\n secret}', ' (line 2 column 2)'],
  ['{"request": secret', ''],
])('a probe that is not JSON is named with the place where it is known, and not quoted: %j', async (text, place) => {
  await using serving = withProbes([file(text)]);
  const failure = await serving.load('iris', '1').catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'model_unloadable',
    message: `iris@1 failed its probe a.json: it is not valid JSON${place}`,
  });
});

test('a probe that a busy server refuses is made when there is room, and a wrong answer fails the load', async () => {
  await using serving = withProbes([file(probe([1]))]);
  serving.engine.behaviour = () => answer([999]);
  serving.payloads.capacityBytes = 10;
  const outcome = codeOf(serving.load('iris', '1'));
  await serving.clock.advance(5_000);
  expect(serving.view('iris', '1')?.state).toBe('loading');
  serving.payloads.capacityBytes = 1_000_000;
  await serving.clock.advance(100);
  expect(await outcome).toBe('model_unloadable');
});

test('a server that stays too busy for probes fails the load: nothing unverified becomes ready', async () => {
  await using serving = withProbes([file(probe([1])), { ...file(probe([1])), name: 'b.json' }]);
  serving.payloads.capacityBytes = 10;
  const outcome = codeOf(serving.load('iris', '1'));
  await serving.clock.advance(10_000);
  expect(await outcome).toBe('overloaded');
  expect(serving.engine.alive).toEqual([]);
  expect(serving.manager.residentVersions()).toEqual([]);
  expect(serving.clock.pendingTimers).toBe(0);
});

test('a load that is cancelled while its probes wait for room ends at once', async () => {
  await using serving = withProbes([file(probe([1]))]);
  serving.payloads.capacityBytes = 10;
  const outcome = codeOf(serving.load('iris', '1'));
  await settle();
  await serving.unload('iris', '1');
  expect(await outcome).toBe('conflict');
  expect(serving.engine.alive).toEqual([]);
});

test('without golden probes a busy server does not hold up a load, whose health is unknown then', async () => {
  await using serving = withProbes([]);
  serving.payloads.capacityBytes = 10;
  expect((await serving.load('iris', '1')).version.health).toMatchObject({
    status: 'unknown',
    checks: [{ name: 'synthetic inference', status: 'skipped' }],
  });
});

test('a check on demand skips what a busy server refuses', async () => {
  await using serving = withProbes([file(probe([1]))]);
  serving.engine.behaviour = () => answer([1]);
  await serving.load('iris', '1');
  serving.payloads.capacityBytes = 10;
  const { status, outcome } = await check(serving);
  expect([status, outcome('probe a.json')]).toEqual(['healthy', 'skipped']);
});

test('a probe that crashes the model fails the load', async () => {
  await using serving = withProbes([file(probe([1]))]);
  serving.engine.behaviour = () => 'crash';
  const outcome = codeOf(serving.load('iris', '1'));
  await serving.clock.advance(100);
  expect(await outcome).toBe('model_unloadable');
  expect(serving.engine.alive).toEqual([]);
});

test('one of several processes that is away is named, and is no illness; all of them are measured', async () => {
  await using serving = withProbes([]);
  await serving.load('iris', '1', { options: { instances: 2 } });
  const whole = await check(serving);
  expect(whole.checks.slice(0, 2)).toMatchObject([
    { status: 'passed', detail: 'processes 1000, 1001' },
    { status: 'passed', detail: '60000000 bytes' },
  ]);
  serving.engine.hold();
  serving.engine.latest.crash();
  await serving.clock.advance(1);
  const { status, checks } = await check(serving);
  expect(status).toBe('healthy');
  expect(checks[0]?.detail).toBe('process 1000; 1 of 2 being started again');
});

test('a check on demand runs every check', async () => {
  await using serving = withProbes([]);
  await serving.load('iris', '1');
  const { status, checks } = await check(serving);
  expect(status).toBe('healthy');
  expect(checks.map((each) => [each.name, each.status])).toEqual([
    ['runner alive', 'passed'],
    ['memory measurable', 'passed'],
    ['runner stable', 'passed'],
    ['synthetic inference', 'passed'],
  ]);
});

test('a check tells what a version no longer does, and the version keeps the finding', async () => {
  await using serving = withProbes([file(probe([1]))]);
  serving.engine.behaviour = () => answer([1]);
  await serving.load('iris', '1');
  serving.engine.behaviour = () => answer([2]);
  const { status, outcome } = await check(serving);
  expect(status).toBe('unhealthy');
  expect(outcome('probe a.json')).toBe('failed');
  expect((await serving.manager.health(parseModelId('iris'))).health.status).toBe('unhealthy');
});

test('what a model says of made-up inputs does not make it ill', async () => {
  await using serving = withProbes([]);
  for (const reply of [answer([null, 1]), new AppError('model_rejected_input', 'x must not be 1')]) {
    serving.engine.behaviour = () => reply;
    await serving.load('iris', '1', { forceReload: true });
    const { status, outcome } = await check(serving);
    expect([status, outcome('synthetic inference')]).toEqual(['healthy', 'skipped']);
  }
});

test('a version that crashed twice within a minute is ill, once is not', async () => {
  await using serving = withProbes([]);
  await serving.load('iris', '1');
  serving.engine.latest.crash();
  await serving.clock.advance(1000);
  expect((await check(serving)).status).toBe('healthy');
  serving.engine.latest.crash();
  await serving.clock.advance(1000);
  expect((await check(serving)).outcome('runner stable')).toBe('failed');
  await serving.clock.advance(60_000);
  expect((await check(serving)).status).toBe('healthy');
});

test('probes do not count as requests', async () => {
  await using serving = withProbes([]);
  await serving.load('iris', '1');
  await check(serving);
  expect(serving.view('iris', '1')?.statistics).toMatchObject({ succeeded: 0, executions: 0 });
  expect(serving.payloads.usedBytes).toBe(0);
});

test('a model that is not resident has nothing to check, an unknown one is refused', async () => {
  await using serving = withProbes([]);
  expect(await serving.manager.checkHealth(parseModelId('iris'), NEVER)).toEqual([]);
  expect((await serving.manager.health(parseModelId('iris'))).state).toBe('absent');
  expect(await codeOf(serving.manager.checkHealth(parseModelId('tulip'), NEVER))).toBe('model_not_found');
});

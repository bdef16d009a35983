import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { integerTensor } from '../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../src/adapters/onnx/model-file/writer.ts';
import { echoFault, floats, integers } from '../helpers/acceptance/ask.ts';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { healthOf, patiently, runnerOf, until, untilReplaced, versionOf } from '../helpers/acceptance/views.ts';
import { identity, slow } from '../helpers/onnx/models.ts';

/** Refuses every input but one of seven rows, and so its warm-up, about which its runner writes a line. */
function sevenRows(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [7, 2] }],
      initializers: [integerTensor('shape', [2], [7, 2])],
    },
  });
}

let server: Server;

beforeAll(async () => {
  server = await Server.start({ args: ['--hang-limit', '1s'] });
  const { home } = server;
  for (const name of ['steady', 'victim', 'other']) home.add(name, identity('INT64', [-1]));
  home.add('slow', slow());
  home.add('talkative', sevenRows());
  for (const name of ['steady', 'victim', 'slow', 'talkative']) expect((await server.load(name)).status).toBe(200);
});

afterAll(() => server[Symbol.asyncDispose]());

/** Kills a model's runner by a signal, and waits for the next one. */
async function kill(modelId: string, signal: NodeJS.Signals): Promise<void> {
  const pid = await runnerOf(server, modelId);
  process.kill(pid, signal);
  await untilReplaced(server, modelId, pid);
  expect(isAlive(pid)).toBe(false);
}

describe('a runner that crashes', () => {
  test('is replaced; no request of any model is lost', async () => {
    const trickles = [new Trickle(server, 'steady'), new Trickle(server, 'victim', 2)];
    await kill('victim', 'SIGSEGV');
    await kill('victim', 'SIGABRT');
    for (const trickle of trickles) await patiently(() => expect(trickle.answered).toBeGreaterThan(20));
    for (const trickle of trickles) expect((await trickle.stop()).faults).toEqual([]);
    const { state, statistics } = await versionOf(server, 'victim');
    expect({ state, restarts: statistics.restarts }).toEqual({ state: 'ready', restarts: 2 });
    expect((await versionOf(server, 'steady')).statistics.restarts).toBe(0);
  });

  test('in the middle of a run has it run again', async () => {
    const trickle = new Trickle(server, 'steady');
    const pid = await runnerOf(server, 'slow');
    const answers = [1000, 1, 2].map((value) => echoFault(server, 'slow', value));
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(3));
    process.kill(pid, 'SIGSEGV');
    expect(await Promise.all(answers)).toEqual([undefined, undefined, undefined]);
    expect(await runnerOf(server, 'slow')).not.toBe(pid);
    expect((await trickle.stop()).faults).toEqual([]);
  });
});

describe('a runner that hangs', () => {
  test('is killed after the hang limit; what still had time is answered by the next', async () => {
    const trickle = new Trickle(server, 'steady');
    const pid = await runnerOf(server, 'victim');
    process.kill(pid, 'SIGSTOP');
    const [late, patient] = await Promise.all([
      server.infer('victim', integers(1), { 'x-request-timeout-ms': '300' }),
      server.infer('victim', integers(2)),
    ]);
    expect(late).toMatchObject({ status: 504, body: { error: expect.stringMatching(/deadline/) } });
    expect(patient).toMatchObject({ status: 200, body: { outputs: [{ data: [2] }] } });
    await untilReplaced(server, 'victim', pid);
    expect(isAlive(pid)).toBe(false);
    expect((await trickle.stop()).faults).toEqual([]);
    expect(trickle.answered).toBeGreaterThan(0);
  });

  test('is one that works on nothing in time, not one whose long run others have no patience for', async () => {
    const pid = await runnerOf(server, 'slow');
    const beganAt = performance.now();
    expect(await echoFault(server, 'slow', 5000)).toBeUndefined();
    // Some hang limits long on this machine.
    const loops = Math.ceil((5000 * 6000) / (performance.now() - beganAt));
    const longBeganAt = performance.now();
    let isOver = false;
    const long = echoFault(server, 'slow', loops).finally(() => {
      isOver = true;
    });
    while (!isOver) await server.infer('slow', integers(1), { 'x-request-timeout-ms': '100' });
    expect(await long).toBeUndefined();
    expect(await runnerOf(server, 'slow')).toBe(pid);
    // Shorter, it would have shown nothing.
    expect(performance.now() - longBeganAt).toBeGreaterThan(1200);
  });
});

describe('a runner that crashes again and again', () => {
  test('is given up with the reason and its last words, and comes back by a forced reload', async () => {
    const trickle = new Trickle(server, 'steady');
    for (let crash = 1; crash <= 4; crash += 1) await kill('talkative', 'SIGSEGV');
    process.kill(await runnerOf(server, 'talkative'), 'SIGSEGV');
    const failed = await until(server, 'talkative', ({ state }) => expect(state).toBe('failed'));
    expect(failed.reason).toMatch(/ended 5 times.*signal SIGSEGV; it wrote: .*warm-up was refused: .*Reshape/s);
    // Colours are for terminals.
    expect(failed.reason).not.toContain('\u001b');
    expect(failed.runner_pid).toBeNull();

    const refused = await server.infer('talkative', [{ ...floats(1, 2)[0], shape: [1, 2] }]);
    expect(refused).toMatchObject({ status: 503, body: { error: expect.stringMatching(/has failed: .*SIGSEGV/s) } });
    expect(await healthOf(server)).toMatchObject({ status: 'degraded' });
    expect((await server.request('/readyz')).status).toBe(200);

    const reloaded = await server.load('talkative', { force_reload: true });
    expect(reloaded).toMatchObject({ status: 200, body: { state: 'ready', reason: null, cache_hit: false } });
    const fourteen = Array.from({ length: 14 }, (_, index) => index);
    const inputs = [{ name: 'x', shape: [7, 2], datatype: 'FP32', data: fourteen }];
    expect(await server.infer('talkative', inputs)).toMatchObject({
      status: 200,
      body: { outputs: [{ data: fourteen }] },
    });
    expect((await trickle.stop()).faults).toEqual([]);
  });

  test('counts for its own model alone', async () => {
    expect((await server.load('other')).status).toBe(200);
    expect(await echoFault(server, 'other', 5)).toBeUndefined();
    expect(await healthOf(server)).toMatchObject({ status: 'healthy' });
    expect(server.children()).toHaveLength(5);
  });
});

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echoFault, floats } from '../helpers/acceptance/ask.ts';
import { Home, isAlive, Server } from '../helpers/acceptance/server.ts';
import { patiently, runnerOf, statusOf, unload, until, versionOf } from '../helpers/acceptance/views.ts';
import { addOne, identity, slow } from '../helpers/onnx/models.ts';

const inSharedMemory = () => readdirSync('/dev/shm').filter((name) => /echoserve/i.test(name));

/** Processes of this build, whoever is their parent. */
const ours = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(PROGRAMS))
    .map(Number);

const PROGRAMS = resolve(import.meta.dirname, '../../dist/adapters/onnx');

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Abstract addresses that a process has a socket of, among those of whoever else is on this machine. */
function addressesOf(pid: number): readonly string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined;
      }
    }),
  );
  return abstractSockets().flatMap(({ inode, address }) => (sockets.has(inode) ? [address] : []));
}

function abstractSockets(): readonly { readonly inode: string; readonly address: string }[] {
  const lines = readFileSync('/proc/net/unix', 'latin1').matchAll(/ (\d+) (@echoserve-\S+)$/gm);
  return [...lines].map(([, inode = '', address = '']) => ({ inode, address }));
}

let home: Home;

beforeEach(() => {
  home = new Home();
  for (const version of ['1', '2']) home.add('echo', identity('INT64', [-1]), version);
  for (const name of ['stopped', 'slow', 'never']) home.add(name, name === 'slow' ? slow() : addOne());
});

afterEach(() => home[Symbol.dispose]());

describe('after kill -9 of the server', () => {
  test('every runner is gone, busy, stopped and idle ones, and nothing is in shared memory', async () => {
    await using server = await Server.start({ home });
    for (const name of ['echo', 'slow', 'stopped']) expect((await server.load(name)).status).toBe(200);
    const runners = await Promise.all([
      runnerOf(server, 'echo', '2'),
      runnerOf(server, 'slow'),
      runnerOf(server, 'stopped'),
    ]);
    const lost = echoFault(server, 'slow', 100_000);
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(1));
    process.kill(await runnerOf(server, 'stopped'), 'SIGSTOP');
    expect(runners.map(isAlive)).toEqual([true, true, true]);
    expect(await server.stop('SIGKILL')).toBe('SIGKILL');
    expect(await lost).toBeDefined();
    await patiently(() => expect(runners.map(isAlive)).toEqual([false, false, false]));
    await patiently(() => expect(inSharedMemory()).toEqual([]));
  });

  test('while models start, no process is left of them, and no file', async () => {
    await using server = await Server.start({ home });
    const loads = ['echo', 'slow', 'stopped'].map((name) => server.load(name).catch(() => 'lost'));
    // From its fork on, when it is still to connect, to ask for its end with the server, to become a runner.
    while (server.children().length < 2) await immediate();
    const started = server.children();
    const addresses = addressesOf(server.pid);
    expect(await server.stop('SIGKILL')).toBe('SIGKILL');
    await Promise.all(loads);
    await patiently(() => expect([...started, ...ours()].filter(isAlive)).toEqual([]));
    await patiently(() => expect(inSharedMemory()).toEqual([]));
    await patiently(() => {
      const left = abstractSockets().map(({ address }) => address);
      expect(addresses.filter((address) => left.includes(address))).toEqual([]);
    });
  });

  test('a restart removes what a preparation left that ended with the server', async () => {
    home.write('data/rewritten/.preparing-abc/model.onnx', 'half of it');
    await using _server = await Server.start({ home });
    expect(readdirSync(join(home.data, 'rewritten'))).toEqual([]);
  });

  test('a restart serves what was serving, as it was', async () => {
    await using killed = await Server.start({ home });
    const options = { max_batch_size: 7, max_queue_length: 33, max_queue_delay_us: 250, preferred_batch_sizes: [2, 4] };
    expect((await killed.load('echo', { version: '1', pinned: true, options })).status).toBe(200);
    expect((await killed.load('echo', { version: '2' })).status).toBe(200);
    expect((await killed.load('stopped')).status).toBe(200);
    expect((await unload(killed, 'stopped')).status).toBe(200);
    await killed.stop('SIGKILL');

    await using server = await Server.start({ home });
    // Both come back side by side, in any order.
    for (const each of ['1', '2']) await until(server, 'echo', ({ state }) => expect(state).toBe('ready'), each);
    expect(await versionOf(server, 'echo', '1')).toMatchObject({
      state: 'ready',
      serving: true,
      pinned: true,
      allocation: { max_batch_size: 7, max_queue_delay_us: 250, preferred_batch_sizes: [2, 4] },
    });
    expect(await versionOf(server, 'echo', '2')).toMatchObject({ serving: false, pinned: false });
    expect(await server.infer('echo', [{ name: 'x', shape: [1], datatype: 'INT64', data: [5] }])).toMatchObject({
      status: 200,
      body: { model_version: '1', outputs: [{ data: [5] }] },
    });
    // What a person had stopped does not come back by itself, nor by a request.
    const { status, body } = await server.infer('stopped', floats(1, 2, 3));
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { error: expect.stringMatching(/unloaded.*Load stopped/s) },
    });
    expect(server.children()).toHaveLength(2);
    expect((await statusOf(server)).overview).toMatchObject({ known_models: 4, resident_models: 1 });
  });

  test('a model whose file is gone is told of, and the others come back', async () => {
    home.add('going', addOne());
    await using killed = await Server.start({ home });
    for (const name of ['echo', 'going']) expect((await killed.load(name)).status).toBe(200);
    await killed.stop('SIGKILL');
    home.remove('models/going');

    await using server = await Server.start({ home });
    await until(server, 'echo', ({ state }) => expect(state).toBe('ready'), '2');
    await patiently(() => expect(server.log).toContain('a model could not be loaded at start'));
    expect((await server.request('/readyz')).status).toBe(200);
    expect((await server.infer('going', floats(1, 2, 3))).status).toBe(404);
    expect(await unload(server, 'going')).toMatchObject({ status: 200, body: { unloaded: ['1'] } });
    expect((await unload(server, 'going')).status).toBe(404);
  });

  test('the version that served does, whatever else the command line or a request names', async () => {
    await using killed = await Server.start({ home });
    expect((await killed.load('echo', { version: '1' })).status).toBe(200);
    await killed.stop('SIGKILL');

    await using server = await Server.start({ home, args: ['--preload', 'echo@2'] });
    const request = { inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [1] }] };
    expect((await server.post('/v2/models/echo/versions/2/infer', request)).status).toBe(200);
    await until(server, 'echo', ({ state }) => expect(state).toBe('ready'), '1');
    expect((await versionOf(server, 'echo', '1')).serving).toBe(true);
    expect(await versionOf(server, 'echo', '2')).toMatchObject({ state: 'ready', serving: false });
    expect(await server.infer('echo', request.inputs)).toMatchObject({ status: 200, body: { model_version: '1' } });
  });
});

test('a required model holds readiness back until it is there', async () => {
  await using server = await Server.start({ home, args: ['--preload', 'echo@1,never', '--required', 'echo,later'] });
  await until(server, 'echo', ({ state }) => expect(state).toBe('ready'), '1');
  await patiently(async () => {
    const { status, body } = await server.request<{ detail: string }>('/readyz');
    expect({ status, detail: body.detail }).toEqual({ status: 503, detail: expect.stringContaining('"later"') });
  });
  home.add('later', addOne());
  expect((await server.load('later')).status).toBe(200);
  expect((await server.request('/readyz')).status).toBe(200);
});

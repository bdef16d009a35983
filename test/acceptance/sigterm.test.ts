import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { inferHead, RawClient } from '../helpers/acceptance/raw-client.ts';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { patiently, until } from '../helpers/acceptance/views.ts';
import { identity, slow } from '../helpers/onnx/models.ts';

/** A server with a fast and a slow model, both loaded. */
async function start(...args: string[]): Promise<Server> {
  const server = await Server.start({ args });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.home.add('echo', identity('INT64', [-1]));
  server.home.add('slow', slow());
  for (const name of ['echo', 'slow']) expect((await server.load(name)).status).toBe(200);
  return server;
}

const readiness = async (server: Server) => (await server.request('/readyz')).status;

/** Clients behind a balancer: each sends, one request after the other, until the server says that it is not ready. */
function clients(server: Server, count: number): { readonly faults: Promise<string[]>; answered: number } {
  const state = { answered: 0, isReady: true, faults: Promise.resolve<string[]>([]) };
  const balancer = async () => {
    while (state.isReady) {
      state.isReady = (await readiness(server)) === 200;
      await pause(20);
    }
  };
  const client = async (first: number): Promise<string[]> => {
    const faults: string[] = [];
    for (let value = first; state.isReady; value += count) {
      const fault = await echoFault(server, value % 7 === 0 ? 'slow' : 'echo', value % 100);
      if (fault === undefined) state.answered += 1;
      else faults.push(fault);
    }
    return faults;
  };
  const lanes = Promise.all(Array.from({ length: count }, (_, first) => client(first)));
  state.faults = Promise.all([lanes, balancer()]).then(([faults]) => faults.flat());
  return state;
}

describe('SIGTERM', () => {
  test('under load: not ready first, every accepted request answered, exit code 0, nothing left', async () => {
    const server = await start('--drain-notice', '1500ms');
    const runners = server.children();
    expect(runners).toHaveLength(2);
    const load = clients(server, 8);
    await patiently(() => expect(load.answered).toBeGreaterThan(100));
    // Takes longer than the notice.
    const long = echoFault(server, 'slow', 3000);
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBeGreaterThan(0));

    server.process.kill('SIGTERM');
    await patiently(async () => expect(await readiness(server)).toBe(503));
    // It goes on answering those who have not noticed, and asks them to leave.
    const late = await server.infer('echo', [{ name: 'x', shape: [1], datatype: 'INT64', data: [4] }]);
    expect(late).toMatchObject({ status: 200, body: { outputs: [{ data: [4] }] } });
    expect(late.headers.get('connection')).toBe('close');
    // What would change who serves is for another server.
    expect(await server.load('echo')).toMatchObject({ status: 503, body: { type: 'urn:echoserve:error:draining' } });

    expect(await load.faults).toEqual([]);
    expect(await long).toBeUndefined();
    expect(await server.exited).toBe(0);
    expect(server.log).toMatch(/"signal":"SIGTERM","inFlight":\d+,"msg":"draining"/);
    expect(server.log).toMatch(/"msg":"ended"\}\n$/);
    await patiently(() => expect(runners.map(isAlive)).toEqual([false, false]));
    await patiently(() => expect(readdirSync('/dev/shm').filter((name) => /echoserve/i.test(name))).toEqual([]));
    await expect(server.request('/livez')).rejects.toThrow();
  });

  test('a second time ends the server at once, and its runners', async () => {
    const server = await start('--drain-notice', '60s', '--grace-period', '70s');
    const runners = server.children();
    server.process.kill('SIGTERM');
    await patiently(async () => expect(await readiness(server)).toBe(503));
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(1);
    await patiently(() => expect(runners.map(isAlive)).toEqual([false, false]));
  });

  test('is not held up by connections on which nothing is asked', async () => {
    const server = await start('--drain-notice', '0s');
    using silent = await RawClient.connect(server);
    using idle = await RawClient.connect(server);
    idle.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await patiently(() => expect(idle.received.status).toBe(200));
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.log).not.toMatch(/timeout/);
    await patiently(() => expect(silent.isClosed).toBe(true));
  });

  test('waits for a slow client no longer than the grace period', async () => {
    const server = await start('--drain-notice', '0s', '--grace-period', '2s');
    const runners = server.children();
    using client = await RawClient.connect(server);
    client.write(`${inferHead('echo', 100)}{"inputs":`);
    // The head has arrived when the answer to a later request has.
    expect(await echoFault(server, 'echo', 1)).toBeUndefined();
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(client.received.status).toBeUndefined();
    await patiently(() => expect(runners.map(isAlive)).toEqual([false, false]));
  });

  test('an interrupt from a terminal does the same', async () => {
    const server = await start('--drain-notice', '0s');
    const answer = echoFault(server, 'slow', 300);
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(1));
    server.process.kill('SIGINT');
    expect(await answer).toBeUndefined();
    expect(await server.exited).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoFault, integers } from '../helpers/acceptance/ask.ts';
import { inferHead, RawClient } from '../helpers/acceptance/raw-client.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { healthOf, patiently, payloadBytes, until, versionOf } from '../helpers/acceptance/views.ts';
import { identity, slow } from '../helpers/onnx/models.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let server: Server;

beforeAll(async () => {
  server = await Server.start({ args: ['--max-body', '1MiB', '--max-in-flight', '4MiB'] });
  server.home.add('echo', identity('INT64', [-1]));
  server.home.add('slow', slow());
  for (const name of ['echo', 'slow']) expect((await server.load(name)).status).toBe(200);
});

afterAll(() => server[Symbol.asyncDispose]());

const noBytesHeld = () => patiently(async () => expect(await payloadBytes(server)).toBe(0));

describe('a client that goes away', () => {
  test('in the middle of its body gives its place back', async () => {
    using client = await RawClient.connect(server);
    client.write(inferHead('echo', 600 * KIB));
    client.write(Buffer.alloc(300 * KIB, 0x20));
    await patiently(async () => expect(await payloadBytes(server)).toBeGreaterThanOrEqual(300 * KIB));
    client.socket.destroy();
    await noBytesHeld();
    const { failed } = (await versionOf(server, 'echo')).statistics;
    expect(failed).toEqual({});
  });

  test('while its request waits has it cancelled: it is never run', async () => {
    const before = (await versionOf(server, 'slow')).statistics;
    const running = echoFault(server, 'slow', 1500);
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(1));
    const controller = new AbortController();
    const body = JSON.stringify({ inputs: integers(1) });
    const waiting = fetch(`${server.url}/v2/models/slow/infer`, { method: 'POST', body, signal: controller.signal });
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(2));
    controller.abort();
    await expect(waiting).rejects.toThrow();
    await until(server, 'slow', ({ statistics }) => expect(statistics.in_flight).toBe(1));
    expect(await running).toBeUndefined();
    expect(await echoFault(server, 'slow', 2)).toBeUndefined();
    const after = (await versionOf(server, 'slow')).statistics;
    expect(after.executions - before.executions).toBe(2);
    expect(after.failed).toEqual({ request_cancelled: 1 });
    await noBytesHeld();
  });
});

describe('slow clients', () => {
  test('that send their bodies in drops hold nobody up, and are answered in the end', async () => {
    const trickle = new Trickle(server, 'echo');
    const body = JSON.stringify({ inputs: integers(1, 2, 3) });
    const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(server)));
    for (const client of clients) client.write(inferHead('echo', body.length, 'Connection: close'));
    for (const letter of body) {
      for (const client of clients) client.write(letter);
      const { answered } = trickle;
      await patiently(() => expect(trickle.answered).toBeGreaterThan(answered));
    }
    for (const client of clients) {
      const { status, body: text } = await client.answer();
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ outputs: [{ data: [1, 2, 3] }] });
    }
    expect((await trickle.stop()).faults).toEqual([]);
    await noBytesHeld();
  });

  test('that fill the room for bodies have others refused, not the probes', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(server)));
    for (const client of clients) {
      client.write(inferHead('echo', MIB - KIB));
      client.write(Buffer.alloc(100 * KIB, 0x20));
    }
    await patiently(async () => expect(await payloadBytes(server)).toBeGreaterThan(3 * MIB));
    const big = JSON.stringify({ inputs: integers(1), padding: ' '.repeat(200 * KIB) });
    const post = () => server.request('/v2/models/echo/infer', { method: 'POST', body: big });
    const refused = await post();
    expect(refused).toMatchObject({ status: 503, body: { error: expect.stringMatching(/in flight/) } });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await healthOf(server)).status).toBe('healthy');
    // A small body needs no place there.
    expect(await echoFault(server, 'echo', 5)).toBeUndefined();
    for (const client of clients) client.socket.destroy();
    await noBytesHeld();
    expect((await post()).status).toBe(200);
  });

  test('whose bodies are too large are told so before they have sent them', async () => {
    using client = await RawClient.connect(server);
    client.write(inferHead('echo', 2 * MIB));
    await patiently(() => expect(client.received.status).toBe(413));
    using chunked = await RawClient.connect(server);
    chunked.write('POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    chunked.write(`${(2 * MIB).toString(16)}\r\n`);
    chunked.write(Buffer.alloc(2 * MIB, 0x20));
    await patiently(() => expect(chunked.received.status).toBe(413));
    await noBytesHeld();
  });
});

test('requests past the queue limit are refused, and those within it answered', async () => {
  expect((await server.load('slow', { force_reload: true, options: { max_queue_length: 3 } })).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 12 }, () => server.infer('slow', integers(300))));
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  expect(refused).toHaveLength(9);
  for (const { headers } of refused) expect(headers.get('retry-after')).toMatch(/^\d+$/);
});

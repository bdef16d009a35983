import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Traffic } from '../../../src/cli/traffic.ts';
import { updateEvents } from '../../../src/cli/update-events.ts';

async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  // A server that listens on a port has an address with one.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Ends the traffic once `count` requests have come. */
async function seenOf(listener: (count: number) => { status: number; headers: Record<string, string> }, count = 6) {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  let came = 0;
  const url = await serverOf((_request, response) => {
    came += 1;
    const { status, headers } = listener(came);
    response.writeHead(status, headers).end('{}');
    if (came >= count) resolve();
  });
  await using traffic = new Traffic({ url, modelId: 'iris', bodies: ['a', 'b'], perSecond: 500 });
  traffic.begin();
  await enough;
  await traffic.end();
  return traffic.seen;
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

describe('traffic', () => {
  test('counts every answer by the version that gave it, and those of a fallback', async () => {
    const seen = await seenOf((count) => ({
      status: 200,
      headers: count === 1 ? { 'x-served-by': 'iris@1', 'x-fallback-from': 'iris@2' } : { 'x-served-by': 'iris@2' },
    }));
    expect(seen).toMatchObject({ answered: seen.sent, errors: 0, fallbacks: 1 });
    expect(seen.byVersion.get('1')).toBe(1);
    expect(seen.byVersion.get('2')).toBe(seen.sent - 1);
  });

  test('counts what is not 200 as an error, and keeps the first ones in words', async () => {
    const seen = await seenOf(() => ({ status: 503, headers: {} }));
    expect(seen).toMatchObject({ answered: 0, errors: seen.sent });
    expect(seen.firstErrors).toEqual(['503: {}', '503: {}', '503: {}']);
  });

  test('counts a request that is not answered at all as an error', async () => {
    await using traffic = new Traffic({ url: 'http://127.0.0.1:1', modelId: 'iris', bodies: ['a'], perSecond: 1000 });
    traffic.begin();
    await expect.poll(() => traffic.seen.errors).toBeGreaterThan(0);
    await traffic.end();
    expect(traffic.seen).toMatchObject({ answered: 0, errors: traffic.seen.sent });
  });
});

describe('the events of an update', () => {
  test('are read as they come, whatever the pieces that they come in', async () => {
    const entered = { type: 'entered', phase: 'stage', stage: 1, reason: 'probes_passed', gate: null, facts: {} };
    const text = `retry: 2000\n\nid: 1\nevent: created\ndata: {"type":"created","facts":{"é":1}}\n\n: still here\n\ndata: ${JSON.stringify(entered)}\n\n`;
    const bytes = Buffer.from(text);
    const url = await serverOf((_request, response) => {
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    const events = await all(updateEvents(url, new AbortController().signal));
    expect(events).toEqual([{ type: 'created', facts: { é: 1 } }, entered]);
  });

  test('are refused with what the server says where there is no such update', async () => {
    const url = await serverOf((_request, response) => response.writeHead(404).end('There is no rollout'));
    await expect(all(updateEvents(url, new AbortController().signal))).rejects.toThrow(
      /was answered 404: There is no rollout/,
    );
  });
});

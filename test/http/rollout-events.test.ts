import { describe, expect, it } from 'vitest';
import type { RolloutEventView } from '../../src/serving/rollouts/views.ts';
import { FakeRollouts, rolloutEvents, rolloutView } from '../helpers/http/fake-rollouts.ts';
import { RawConnection } from '../helpers/http/raw-connection.ts';
import { start } from '../helpers/http/start.ts';

const URL = '/api/v1/model_serving/rollouts/r-1/events';
const LOG = rolloutEvents(4);

/** Tells its log at once, and then nothing until it is aborted. */
function underWay(events: readonly RolloutEventView[] = LOG): FakeRollouts {
  const rollouts = new FakeRollouts();
  rollouts.views = [rolloutView()];
  rollouts.onEvents = async function* (after, signal) {
    yield* events.filter(({ sequence }) => sequence > after);
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  return rollouts;
}

/** Its log ends. */
function ended(): FakeRollouts {
  const rollouts = new FakeRollouts();
  rollouts.views = [rolloutView({ phase: 'completed', outcome: 'completed', lastEvent: 4 })];
  rollouts.onEvents = async function* (after) {
    yield* LOG.filter(({ sequence }) => sequence > after);
  };
  return rollouts;
}

const request = (...lines: string[]) => [`GET ${URL} HTTP/1.1`, 'host: localhost', ...lines, '', ''];

describe('the events of an update', () => {
  it('are streamed until the one that ends it', async () => {
    await using server = await start({}, undefined, ended());
    const response = await server.app.inject(URL);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    });
    expect(response.headers['x-request-id']).toBeDefined();
    const [first, ...events] = response.body.trimEnd().split('\n\n');
    expect(first).toMatch(/^retry: \d+$/);
    expect(events).toHaveLength(4);
    const [id, type, data = ''] = events[0]?.split('\n') ?? [];
    expect([id, type]).toEqual(['id: 1', 'event: entered']);
    expect(JSON.parse(data.replace(/^data: /, ''))).toEqual({
      sequence: 1,
      at: '2023-11-14T22:13:20.000Z',
      type: 'entered',
      phase: 'stage',
      stage: 0,
      reason: 'gate_passed',
      gate: null,
      facts: { live_samples: 59 },
    });
  });

  it.each([
    ['the query', '?after=2', {}, 2],
    ['the header of a browser', '', { 'last-event-id': '3' }, 3],
    ['the header over the query', '?after=1', { 'last-event-id': '3' }, 3],
  ])('go on after the one that %s names', async (_where, query, headers, after) => {
    await using server = await start({}, undefined, ended());
    const { body } = await server.app.inject({ url: `${URL}${query}`, headers });
    expect(server.rollouts.streams[0]?.after).toBe(after);
    expect([...body.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))).toEqual(
      [1, 2, 3, 4].filter((sequence) => sequence > after),
    );
  });

  it('are over for who knows the last one, so that a browser does not come again', async () => {
    await using server = await start({}, undefined, ended());
    const response = await server.app.inject({ url: URL, headers: { 'last-event-id': '4' } });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(server.rollouts.streams).toEqual([]);
  });

  it.each([
    ['?after=-1', {}],
    ['?after=one', {}],
    ['?since=1', {}],
    ['', { 'last-event-id': 'x' }],
  ])('are refused with %s %j before they begin', async (query, headers) => {
    await using server = await start({}, undefined, ended());
    const response = await server.app.inject({ url: `${URL}${query}`, headers });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(server.rollouts.streams).toEqual([]);
  });

  it('are not begun for who asks for the headers alone', async () => {
    await using server = await start({}, undefined, underWay());
    const response = await server.app.inject({ method: 'HEAD', url: URL });
    expect([response.statusCode, response.headers.allow]).toEqual([405, 'GET']);
    expect(server.rollouts.streams).toEqual([]);
  });

  it('that do not come are stood in for by a comment, again and again', async () => {
    await using server = await start({ eventHeartbeatMs: 5 }, undefined, underWay([]));
    const { port } = await server.listen();
    await using client = await RawConnection.open(port);
    client.write(...request());
    await client.until(/\n: [^\n]+\n\n[\s\S]*\n: [^\n]+\n\n/);
  });

  it('are told to a client as they come', async () => {
    const rollouts = underWay();
    const { promise: more, resolve } = Promise.withResolvers<void>();
    rollouts.onEvents = async function* () {
      yield* LOG.slice(0, 1);
      await more;
      yield* LOG.slice(1, 2);
    };
    await using server = await start({}, undefined, rollouts);
    const { port } = await server.listen();
    await using client = await RawConnection.open(port);
    client.write(...request());
    expect(await client.until(/id: 1/)).not.toContain('id: 2');
    resolve();
    await client.until(/id: 2/);
  });

  it('are not waited for any more when the client has gone', async () => {
    await using server = await start({}, undefined, underWay());
    const { port } = await server.listen();
    {
      await using client = await RawConnection.open(port);
      client.write(...request());
      await client.until(/id: 4/);
    }
    const signal = server.rollouts.streams[0]?.signal ?? AbortSignal.abort();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(signal.aborted).toBe(true);
  });

  it('that fail in the middle break the stream off, without an end that is none', async () => {
    const rollouts = underWay();
    rollouts.onEvents = async function* () {
      yield* LOG.slice(0, 1);
      throw new Error('out of order');
    };
    await using server = await start({}, undefined, rollouts);
    const { port } = await server.listen();
    await using client = await RawConnection.open(port);
    client.write(...request());
    const text = await client.untilClosed();
    // The last chunk of a body that is complete has no bytes.
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
  });
});

describe('a server that closes', () => {
  it('ends open streams in order, and does not wait for their updates', async () => {
    const server = await start({}, undefined, underWay());
    const { port } = await server.listen();
    await using client = await RawConnection.open(port);
    client.write(...request());
    await client.until(/id: 4/);
    await server.app.close();
    expect(await client.untilClosed()).toMatch(/\r\n0\r\n\r\n$/);
    expect(server.rollouts.streams[0]?.signal.aborted).toBe(true);
  });

  it('does not wait for a client that does not read, which was not read ahead for', async () => {
    const rollouts = underWay();
    let taken = 0;
    rollouts.onEvents = async function* () {
      for (const [event] of Array.from({ length: 100_000 }, () => LOG)) {
        taken += 1;
        if (event !== undefined) yield { ...event, facts: { filler: 'x'.repeat(10_000) } };
      }
    };
    const server = await start({}, undefined, rollouts);
    const { port } = await server.listen();
    await using client = await RawConnection.open(port);
    client.write(...request());
    await client.until(/id: 1/);
    client.socket.pause();
    // It takes what the buffers of the connection hold, and then no more.
    for (let before = -1; before !== taken; ) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(taken).toBeLessThan(50_000);
    await server.app.close();
    client.socket.resume();
    await client.untilClosed();
  });
});

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { closedLoop } from '../../../benchmarks/load/closed-loop.ts';
import { Connection } from '../../../benchmarks/load/connection.ts';
import { OpenLoop } from '../../../benchmarks/load/open-loop.ts';
import { postRequest } from '../../../benchmarks/load/requests.ts';
import { rotate } from '../../../benchmarks/load/rotation.ts';
import { traceLoad } from '../../../benchmarks/load/trace-load.ts';

interface Target {
  readonly port: number;
  readonly requests: readonly Buffer[];
}

async function serve(listener: RequestListener): Promise<Target> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const bodies = ['one', 'two', 'three'].map((text) => ({ headers: {}, bytes: Buffer.from(text) }));
  return { port, requests: bodies.map((body) => postRequest(port, '/', body)) };
}

it('a closed loop keeps as many requests under way as it has connections, and sends the requests in turns', async () => {
  const seen: string[] = [];
  const held = Promise.withResolvers<void>();
  const target = await serve(async (request, response) => {
    seen.push(Buffer.concat(await request.toArray()).toString());
    // Nobody is answered before all three have asked.
    if (seen.length === 3) held.resolve();
    await held.promise;
    response.setHeader('content-length', 2).end('ok');
  });
  const result = await closedLoop({ ...target, concurrency: 3, warmUpMs: 10, durationMs: 100 });
  expect(seen.slice(0, 3).toSorted()).toEqual(['one', 'three', 'two']);
  expect(result.failed).toBe(0);
  expect(result.count).toBeGreaterThan(0);
  expect(result.count).toBeLessThan(seen.length);
  expect(result.perSecond).toBeGreaterThan(0);
});

it('a closed loop counts answers that are no success, and none of them as throughput', async () => {
  const target = await serve((_request, response) => {
    response.writeHead(503, { 'content-length': 0 }).end();
  });
  const result = await closedLoop({ ...target, concurrency: 2, warmUpMs: 0, durationMs: 30 });
  expect(result.failed).toBeGreaterThan(0);
  expect(result).toMatchObject({ count: 0, perSecond: 0 });
});

it('a closed loop ends when the server hangs up', async () => {
  const target = await serve((request) => request.socket.destroy());
  expect(await closedLoop({ ...target, concurrency: 2, warmUpMs: 0, durationMs: 60_000 })).toMatchObject({ failed: 2 });
});

it('an open loop charges a stall to every request that was due during it', async () => {
  let release: (() => void) | undefined;
  const target = await serve((_request, response) => {
    const answer = (): void => void response.setHeader('content-length', 0).end();
    if (release === undefined) release = answer;
    else answer();
  });
  const loop = await OpenLoop.start({ ...target, ratePerSecond: 200, connections: 1 });
  const startMs = performance.now();
  // The first request holds the only connection; twenty more come due.
  await vi.waitUntil(() => release !== undefined && performance.now() - startMs > 100, {
    interval: 5,
    timeout: 20_000,
  });
  release?.();
  await loop.stop();
  const [first, second, ...others] = loop.samples;
  expect(others.length).toBeGreaterThan(10);
  expect((second?.dueMs ?? 0) - (first?.dueMs ?? 0)).toBeCloseTo(5, 6);
  expect(second?.latencyMs).toBeGreaterThan(50);
  expect(loop.failed).toBe(0);
});

it('a trace is sent once, in its order, on as many connections as there are clients', async () => {
  const seen: string[] = [];
  const ports = new Set<number | undefined>();
  const { port, requests } = await serve(async (request, response) => {
    ports.add(request.socket.remotePort);
    seen.push(Buffer.concat(await request.toArray()).toString());
    response.writeHead(seen.length === 2 ? 503 : 200, { 'content-length': 0 }).end();
  });
  const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = requests;
  const result = await traceLoad({ port, requests: [one, two, two, one, one], concurrency: 1 });
  expect(seen).toEqual(['one', 'two', 'two', 'one', 'one']);
  expect(ports.size).toBe(1);
  expect(result).toMatchObject({ count: 4, failed: 1 });
  await traceLoad({ port, requests: [one, two, two], concurrency: 2 });
  expect(ports.size).toBe(3);
});

it('a trace that nobody takes to its end has failed for what is left of it', async () => {
  const target = await serve((request) => request.socket.destroy());
  expect(await traceLoad({ ...target, concurrency: 2 })).toMatchObject({ count: 0, failed: 3 });
});

it('an open loop tells with which status each failure was answered, and which were not answered', async () => {
  let seen = 0;
  const target = await serve((request, response) => {
    seen += 1;
    if (seen === 1) response.writeHead(429, { 'content-length': 0 }).end();
    else if (seen === 2) request.socket.destroy();
    else response.writeHead(200, { 'content-length': 0 }).end();
  });
  const loop = await OpenLoop.start({ ...target, ratePerSecond: 200, connections: 2 });
  await vi.waitUntil(() => loop.samples.length > 1, { interval: 5, timeout: 20_000 });
  await loop.stop();
  expect(loop.failures.map(({ status }) => status)).toEqual([429, undefined]);
  expect(loop.failed).toBe(2);
});

it('a rotation has so many requests under way at once, and every connection has its turn', async () => {
  const ports = new Map<number | undefined, number>();
  const held = Promise.withResolvers<void>();
  let [underWay, most] = [0, 0];
  const target = await serve(async (request, response) => {
    ports.set(request.socket.remotePort, (ports.get(request.socket.remotePort) ?? 0) + 1);
    underWay += 1;
    most = Math.max(most, underWay);
    // Nobody is answered before two have asked.
    if (underWay === 2) held.resolve();
    await held.promise;
    underWay -= 1;
    response.writeHead(200, { 'content-length': 0 }).end();
  });
  const connections = await Connection.openAll(target.port, 5);
  const { count, failed } = await rotate({ connections, requests: target.requests, concurrency: 2 }, 100);
  for (const connection of connections) connection.close();
  expect({ failed, most, connections: ports.size }).toEqual({ failed: 0, most: 2, connections: 5 });
  expect([...ports.values()].reduce((sum, requests) => sum + requests)).toBe(count);
  expect(Math.max(...ports.values()) - Math.min(...ports.values())).toBeLessThanOrEqual(2);
});

it('a rotation goes on with the connections that are left, and ends when there are none', async () => {
  const target = await serve((request) => request.socket.destroy());
  const connections = await Connection.openAll(target.port, 3);
  expect(await rotate({ connections, requests: target.requests, concurrency: 2 }, 60_000)).toMatchObject({
    count: 0,
    failed: 3,
  });
});

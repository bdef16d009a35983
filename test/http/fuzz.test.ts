import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import { RawConnection } from '../helpers/http/raw-connection.ts';
import { start } from '../helpers/http/start.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const ids = fc.oneof(
  fc.constantFrom(
    'iris',
    'a/b',
    'a%2Fb',
    '..',
    '%2e%2e',
    '%2e%2e%2f%2e%2e',
    'a%252Fb',
    '%',
    '%zz',
    '%00',
    ' ',
    'stats',
  ),
  fc.webPath(),
  fc.string({ maxLength: 30 }).map(encodeURIComponent),
);
const tails = fc.constantFrom(
  '',
  '/infer',
  '/ready',
  '/config',
  '/stats',
  '/versions/1',
  '/versions/1/infer',
  '/',
  '//',
);
const queries = fc.oneof(
  fc.constantFrom('', '?version=1', '?version=%', '?__proto__=1', '?a[]=1&a=2'),
  fc.webQueryParameters().map((q) => `?${q}`),
);
const places = fc.constantFrom(
  '/v2/models/',
  '/v2/repository/models/',
  '/v2/repository/',
  '/v2/',
  '/api/v1/model_serving/models/',
  '/api/v1/model_serving/health/',
  '/api/v1/model_serving/health_check/',
  '/api/v1/model_serving/load',
  '/api/v1/model_serving/',
  '/docs/static/',
  '/',
);
// What begins with two slashes is taken for a host when it is injected.
const urls = fc.tuple(places, ids, tails, queries).map((parts) => parts.join('').replace(/^\/+/, '/'));

const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'content-encoding',
    'accept-encoding',
    'accept',
    'inference-header-content-length',
    'x-request-timeout-ms',
    'x-request-priority',
    'x-model-version',
    'x-request-id',
    'traceparent',
    'authorization',
    'origin',
    'expect',
    'accept-version',
    'range',
    'if-match',
    'if-modified-since',
  ),
  fc.oneof(
    fc.constantFrom('0', '1', '-1', 'gzip', 'application/json', 'text/plain; charset="', 'gzip;q=0.5,*'),
    printable,
  ),
  { maxKeys: 5 },
);
const bodies = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json(),
  fc
    .record(
      {
        model_id: fc.oneof(fc.constant('iris'), fc.string(), fc.jsonValue()),
        version: fc.oneof(fc.constant('1'), fc.jsonValue()),
        options: fc.oneof(fc.constant({}), fc.jsonValue()),
        wait: fc.oneof(fc.boolean(), fc.jsonValue()),
        ready: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

/** Around the limit of what is parsed on the HTTP thread, and well past it: JSON, and what only begins like it. */
const largeBodies = fc
  .tuple(fc.constantFrom('[', '{"model_id":"', '"', ' '), fc.constantFrom(64 * 1024, 64 * 1024 + 1, 99_000, 200_000))
  .map(([beginning, bytes]) => beginning.repeat(Math.ceil(bytes / beginning.length)).slice(0, bytes));

const requests: fc.Arbitrary<InjectOptions> = fc
  .record({
    method: fc.constantFrom(...METHODS),
    url: urls,
    headers,
    payload: fc.oneof({ arbitrary: bodies, weight: 40 }, largeBodies),
  })
  .map(({ payload, ...request }) => (payload === undefined ? request : { ...request, payload }));

describe('any request', () => {
  it('is answered with a status that its route declares, and never with a fault of the server', async () => {
    await using server = await start();
    const undeclared: string[] = [];
    server.app.addHook('onResponse', (request, reply, done) => {
      // Only the keys are read here.
      const declared = Object.keys((request.routeOptions.schema?.response as object | undefined) ?? {});
      const isDocumented = declared.length > 0;
      if (isDocumented && !declared.includes(String(reply.statusCode))) {
        undeclared.push(`${request.method} ${request.url}: ${reply.statusCode}`);
      }
      done();
    });
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const response = await server.app.inject(request);
        expect(response.statusCode).toBeLessThan(500);
        expect(response.headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
        expect(undeclared).toEqual([]);
        expect(server.serving.payloads.usedBytes).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('that is refused says so in the dialect of its place', async () => {
    await using server = await start();
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const response = await server.app.inject(request);
        if (response.statusCode < 400 || request.method === 'HEAD') return;
        // What is injected is normalized as a browser would.
        const { pathname } = new URL(String(request.url), 'http://localhost');
        const isOpenInference = /^\/v2(?:\/|$)/.test(pathname);
        const body: unknown = JSON.parse(response.body);
        expect(body).toHaveProperty(isOpenInference ? 'error' : 'type');
      }),
      { numRuns: 1500 },
    );
  });

  it('as bytes on a connection is answered or cut off, and the server goes on', async () => {
    await using server = await start({ requestTimeoutMs: 5_000 });
    const { port, origin } = await server.listen();
    const line = fc.tuple(
      fc.constantFrom(...METHODS, 'BREW', ''),
      urls,
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9', ''),
    );
    const head = fc.tuple(line, fc.array(fc.tuple(printable, printable), { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(head, fc.uint8Array({ maxLength: 100 }), async ([words, fields], body) => {
        await using connection = await RawConnection.open(port);
        const lines = [words.join(' '), ...fields.map((field) => field.join(': ')), 'connection: close', '', ''];
        connection.socket.write(lines.join('\r\n'));
        connection.socket.end(Buffer.from(body));
        expect(await connection.untilClosed()).not.toMatch(/^HTTP\/1\.1 5/);
      }),
      { numRuns: 300 },
    );
    expect((await fetch(`${origin}/livez`)).status).toBe(200);
    expect(server.serving.payloads.usedBytes).toBe(0);
  });
});

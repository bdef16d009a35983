import { describe, expect, it } from 'vitest';
import { start } from '../helpers/http/start.ts';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('a request id', () => {
  it.each(['req-1', 'a', 'A.b_c-9', 'x'.repeat(128)])('%s is kept', async (id) => {
    await using server = await start();
    for (const url of ['/livez', '/nowhere', '/v2/models/none', '/docs']) {
      const response = await server.app.inject({ url, headers: { 'x-request-id': id } });
      expect(response.headers['x-request-id']).toBe(id);
    }
  });

  it.each(['', ' ', 'a b', 'a"b', 'é', 'x'.repeat(129), '{jndi:ldap}'])('%j is replaced', async (id) => {
    await using server = await start();
    const response = await server.app.inject({ url: '/livez', headers: { 'x-request-id': id } });
    expect(response.headers['x-request-id']).toMatch(/^[\w-]{18,}$/);
  });

  it('is never given twice', async () => {
    await using server = await start();
    const responses = await Promise.all(Array.from({ length: 20 }, () => server.app.inject('/livez')));
    expect(new Set(responses.map((response) => response.headers['x-request-id'])).size).toBe(20);
  });
});

describe('a trace', () => {
  it('is passed on when it is one', async () => {
    await using server = await start();
    const response = await server.app.inject({ url: '/livez', headers: { traceparent: TRACE } });
    expect(response.headers['traceparent']).toBe(TRACE);
  });

  it.each([
    '',
    'nonsense',
    TRACE.toUpperCase(),
    TRACE.replace(/^00/, 'ff'),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    `${TRACE}-more`,
  ])('is dropped when it is %j', async (traceparent) => {
    await using server = await start();
    const response = await server.app.inject({ url: '/livez', headers: { traceparent } });
    expect(response.headers).not.toHaveProperty('traceparent');
  });
});

import { describe, expect, it } from 'vitest';
import { start } from '../helpers/http/start.ts';

const GUARDED = { loopbackGuard: true, allowedHosts: ['models.Local'] };

describe('a server on loopback without keys', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:8080',
    '127.1.2.3',
    '[::1]',
    '[::1]:8080',
    'models.local:8080',
  ])('answers the host %s', async (host) => {
    await using server = await start(GUARDED);
    expect((await server.app.inject({ url: '/v2', headers: { host } })).statusCode).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.256',
    '128.0.0.1',
    '[::2]',
    '::1',
    '0.0.0.0',
    'localhost:8080:1',
    'user@localhost',
    ' ',
  ])('refuses the host %j, whatever the route', async (host) => {
    await using server = await start(GUARDED);
    for (const url of ['/v2', '/livez', '/api/v1/model_serving/status', '/docs', '/nowhere']) {
      const response = await server.app.inject({ url, headers: { host } });
      expect(response.statusCode).toBe(403);
      expect(response.json()).toHaveProperty(url === '/v2' ? 'error' : 'type');
    }
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:1', 'http://models.local'])(
    'takes requests of pages at %s',
    async (origin) => {
      await using server = await start(GUARDED);
      expect((await server.app.inject({ url: '/v2', headers: { origin } })).statusCode).toBe(200);
    },
  );

  it.each([
    'https://evil.example',
    'null',
    '',
    'http://localhost.evil.example',
    'file://localhost',
    'http://a@localhost',
  ])('refuses a form that a page at %j posts to unload', async (origin) => {
    await using server = await start(GUARDED);
    const response = await server.app.inject({
      method: 'POST',
      url: '/v2/repository/models/iris/unload',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(response.statusCode).toBe(403);
    expect(server.serving.unloads).toEqual([]);
  });

  it('does not look at either where the guard is off', async () => {
    await using server = await start();
    const headers = { host: 'models.example', origin: 'https://elsewhere.example' };
    expect((await server.app.inject({ url: '/v2', headers })).statusCode).toBe(200);
  });
});

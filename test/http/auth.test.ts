import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../src/http/options.ts';
import { captureLog } from '../helpers/http/log-lines.ts';
import { start } from '../helpers/http/start.ts';

const apiKeys: ApiKey[] = [
  { name: 'app', secret: 'secret-of-the-app', scopes: ['infer'] },
  { name: 'ops', secret: 'secret-of-ops', scopes: ['admin'] },
  { name: 'prom', secret: 'secret-of-prometheus', scopes: ['metrics'] },
];
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const BASE = '/api/v1/model_serving';

const ROUTES = [
  { method: 'GET', url: '/livez', keys: 'all' },
  { method: 'GET', url: '/readyz', keys: 'all' },
  { method: 'GET', url: '/health', keys: 'all' },
  { method: 'GET', url: '/v2/health/live', keys: 'all' },
  { method: 'GET', url: '/v2/health/ready', keys: 'all' },
  { method: 'GET', url: '/docs', keys: 'all' },
  { method: 'GET', url: '/openapi.json', keys: 'all' },
  { method: 'GET', url: '/metrics', keys: ['prom', 'ops'] },
  { method: 'GET', url: `${BASE}/metrics`, keys: ['prom', 'ops'] },
  { method: 'GET', url: '/v2/models/iris/stats', keys: ['app', 'prom', 'ops'] },
  { method: 'GET', url: '/v2', keys: ['app', 'ops'] },
  { method: 'GET', url: '/v2/models/iris', keys: ['app', 'ops'] },
  { method: 'HEAD', url: '/v2/models/iris', keys: ['app', 'ops'] },
  { method: 'GET', url: '/v2/models/iris/ready', keys: ['app', 'ops'] },
  { method: 'GET', url: '/v2/models/iris/config', keys: ['app', 'ops'] },
  { method: 'POST', url: '/v2/models/iris/infer', keys: ['app', 'ops'] },
  { method: 'POST', url: `${BASE}/models/iris/infer`, keys: ['app', 'ops'] },
  { method: 'GET', url: `${BASE}/status`, keys: ['ops'] },
  { method: 'GET', url: `${BASE}/models`, keys: ['ops'] },
  { method: 'GET', url: `${BASE}/models/iris`, keys: ['ops'] },
  { method: 'GET', url: `${BASE}/health/iris`, keys: ['ops'] },
  { method: 'POST', url: `${BASE}/health_check/iris`, keys: ['ops'] },
  { method: 'POST', url: `${BASE}/load`, keys: ['ops'] },
  { method: 'DELETE', url: `${BASE}/models/iris`, keys: ['ops'] },
  { method: 'POST', url: '/v2/repository/index', keys: ['ops'] },
  { method: 'POST', url: '/v2/repository/models/iris/load', keys: ['ops'] },
  { method: 'POST', url: '/v2/repository/models/iris/unload', keys: ['ops'] },
] as const;

describe('with API keys', () => {
  it.each(ROUTES)('$method $url is for $keys', async ({ method, url, keys }) => {
    await using server = await start({ apiKeys });
    const withoutKey = await server.app.inject({ method, url });
    expect(withoutKey.statusCode === 401).toBe(keys !== 'all');
    for (const { name, secret } of apiKeys) {
      const response = await server.app.inject({ method, url, headers: bearer(secret) });
      const isAllowed = keys === 'all' || keys.some((key) => key === name);
      expect([401, 403].includes(response.statusCode)).toBe(!isAllowed);
    }
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer secret-of-op',
    'Bearer secret-of-opss',
    'Bearer secret-of-ops secret-of-ops',
    'Basic secret-of-ops',
    'secret-of-ops',
  ])('the header %j opens nothing', async (authorization) => {
    await using server = await start({ apiKeys });
    const headers = authorization === undefined ? {} : { authorization };
    const response = await server.app.inject({ url: `${BASE}/status`, headers });
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toContain('Bearer realm="echoserve"');
    expect(response.json().type).toBe('urn:echoserve:error:unauthenticated');
  });

  it.each(['bearer secret-of-ops', 'BEARER  secret-of-ops', 'Bearer secret-of-ops '])(
    'the header %j is as good as any',
    async (authorization) => {
      await using server = await start({ apiKeys });
      expect((await server.app.inject({ url: `${BASE}/status`, headers: { authorization } })).statusCode).toBe(200);
    },
  );

  it('a key that is not enough is told what it lacks, in the dialect of the route', async () => {
    await using server = await start({ apiKeys });
    const headers = bearer('secret-of-the-app');
    const problem = await server.app.inject({ url: `${BASE}/status`, headers });
    expect(problem.statusCode).toBe(403);
    expect(problem.headers['www-authenticate']).toContain('scope="admin"');
    expect(problem.json()).toMatchObject({ type: 'urn:echoserve:error:forbidden', missing_scope: ['admin'] });
    const oip = await server.app.inject({ method: 'POST', url: '/v2/repository/index', headers });
    expect([oip.statusCode, oip.json().error]).toEqual([403, expect.stringContaining('lacks the scope admin')]);
  });

  it('nothing of a body is kept for somebody without a key', async () => {
    await using server = await start({ apiKeys });
    await server.app.inject({ method: 'POST', url: '/v2/models/iris/infer', payload: '{}' });
    expect(server.serving.payloads.opened).toEqual([]);
  });

  it('the log knows who it was, and no secret', async () => {
    const { logger, lines } = captureLog();
    await using server = await start({ apiKeys, logger });
    await server.app.inject({ url: `${BASE}/status`, headers: bearer('secret-of-ops') });
    await server.app.inject({ url: `${BASE}/status`, headers: bearer('secret-of-somebody') });
    expect(lines.some((line) => line['caller'] === 'ops')).toBe(true);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('a server with an empty list of keys lets nobody in', async () => {
    await using server = await start({ apiKeys: [] });
    expect((await server.app.inject(`${BASE}/status`)).statusCode).toBe(401);
    expect((await server.app.inject('/livez')).statusCode).toBe(200);
  });
});

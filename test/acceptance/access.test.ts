import { request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { floats } from '../helpers/acceptance/ask.ts';
import { RawClient } from '../helpers/acceptance/raw-client.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { addOne } from '../helpers/onnx/models.ts';

const API = '/api/v1/model_serving';
const SECRETS = {
  infer: 'infer-secret-0123456789',
  admin: 'admin-secret-0123456789',
  metrics: 'metrics-secret-0123456',
};
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

async function withKeys(): Promise<Server> {
  const keys = Object.entries(SECRETS).map(([scope, secret]) => `${secret} ${scope} the-${scope}-key`);
  const server = await Server.start({
    args: ['--host', '0.0.0.0'],
    env: { ECHOSERVE_API_KEYS: keys.join(';') },
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  server.home.add('one', addOne());
  return server;
}

describe('a server with API keys', () => {
  test('asks for one that has the scope, everywhere but at the probes', async () => {
    const server = await withKeys();
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    const call = async (path: string, key: keyof typeof SECRETS | 'none' | 'wrong', body?: unknown) => {
      const headers = key === 'none' ? {} : bearer(key === 'wrong' ? 'wrong-secret-0123456789' : SECRETS[key]);
      const init =
        body === undefined
          ? { headers }
          : { headers: { ...headers, 'content-type': 'application/json' }, method: 'POST', body: JSON.stringify(body) };
      return (await fetch(`${url}${path}`, init)).status;
    };
    const infer = { inputs: floats(1, 2, 3) };
    const routes: readonly (readonly [path: string, body: unknown, allowed: readonly (keyof typeof SECRETS)[]])[] = [
      [`${API}/load`, { model_id: 'one' }, ['admin']],
      [`${API}/status`, undefined, ['admin']],
      [`${API}/metrics`, undefined, ['admin', 'metrics']],
      ['/v2/models/one', undefined, ['admin', 'infer']],
      ['/v2/models/one/infer', infer, ['admin', 'infer']],
      [`${API}/models/one/infer`, infer, ['admin', 'infer']],
      ['/v2/repository/models/one/unload', {}, ['admin']],
      ['/metrics', undefined, ['admin', 'metrics']],
    ];
    for (const [path, body, allowed] of routes) {
      expect({ path, none: await call(path, 'none', body) }).toEqual({ path, none: 401 });
      expect({ path, wrong: await call(path, 'wrong', body) }).toEqual({ path, wrong: 401 });
      for (const key of ['infer', 'metrics', 'admin'] as const) {
        const status = await call(path, key, body);
        expect({ path, key, status }).toEqual({ path, key, status: allowed.includes(key) ? 200 : 403 });
      }
    }
    for (const probe of ['/livez', '/readyz', '/health', '/v2/health/live', '/v2/health/ready']) {
      expect(await call(probe, 'none')).toBe(200);
    }
    for (const secret of [...Object.values(SECRETS), 'wrong-secret-0123456789'])
      expect(server.log).not.toContain(secret);
  });
});

/** fetch would not send a `Host` of one's own. */
function statusFor(server: Server, headers: Record<string, string>, path = '/v2'): Promise<number | undefined> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('a server on loopback without keys', () => {
  test('answers callers on this machine, and no page from elsewhere', async () => {
    await using server = await Server.start({ args: ['--allowed-host', 'models.test'] });
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]', 'LOCALHOST:1', 'models.test']) {
      expect({ host, status: await statusFor(server, { host }) }).toEqual({ host, status: 200 });
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1', ' ']) {
      expect({ host, status: await statusFor(server, { host }) }).toEqual({ host, status: 403 });
    }
    for (const [origin, status] of Object.entries({
      'http://localhost:3000': 200,
      'https://models.test': 200,
      'https://evil.example': 403,
      null: 403,
    })) {
      expect({ origin, status: await statusFor(server, { host: 'localhost', origin }) }).toEqual({ origin, status });
    }
  });

  test('lets no form of another page unload a model', async () => {
    await using server = await Server.start();
    server.home.add('one', addOne());
    expect((await server.load('one')).status).toBe(200);
    using client = await RawClient.connect(server);
    client.write(
      'POST /v2/repository/models/one/unload HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n' +
        'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b',
    );
    expect(await client.answer()).toMatchObject({ status: 403 });
    expect((await server.infer('one', floats(1, 2, 3))).status).toBe(200);
  });
});

test('a server for others starts without keys only where that is said', async () => {
  await using server = await Server.start({ args: ['--host', '0.0.0.0', '--auth', 'none'] });
  expect(await statusFor(server, { host: 'anything.example' })).toBe(200);
});

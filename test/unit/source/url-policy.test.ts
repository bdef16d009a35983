import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAddressRange, isPrivateAddress } from '../../../src/adapters/source/private-address.ts';
import { UrlPolicy } from '../../../src/adapters/source/url-policy.ts';
import type { ResolvedAddress } from '../../../src/adapters/source/verified-lookup.ts';
import { errorOf, type Handler, SourceFixture, TestServer } from './fixture.ts';

const admits = (entries: string[], url: string): boolean => {
  try {
    new UrlPolicy(entries).admit(new URL(url));
    return true;
  } catch {
    return false;
  }
};

describe('the allow-list of URLs', () => {
  it.each([
    ['https://models.example.com/', 'https://models.example.com/a/b.onnx', true],
    ['https://models.example.com', 'https://MODELS.example.com:443/b.onnx', true],
    ['https://models.example.com/', 'http://models.example.com/b.onnx', false],
    ['https://models.example.com/', 'https://models.example.com:8443/b.onnx', false],
    ['https://models.example.com/', 'https://models.example.com.evil.org/b.onnx', false],
    ['https://models.example.com/', 'https://user:password@models.example.com/b.onnx', false],
    ['http://models.example.com/', 'http://models.example.com/b.onnx', true],
    ['https://models.example.com/team', 'https://models.example.com/team/b.onnx', true],
    ['https://models.example.com/team', 'https://models.example.com/team-b/b.onnx', false],
    ['https://models.example.com/team/', 'https://models.example.com/team/../other/b.onnx', false],
    ['https://models.example.com/team/', 'https://models.example.com/team/%2e%2e/other/b.onnx', false],
    ['https://models.example.com/team/', 'https://models.example.com/team/..%2fother/b.onnx', false],
  ])('with %s and %s is %s', (entry, url, expected) => {
    expect(admits([entry], url)).toBe(expected);
  });

  it('refuses everything when it is empty, and says how to allow some', () => {
    expect(() => new UrlPolicy([]).admit(new URL('https://a.example/'))).toThrowError(
      expect.objectContaining({ code: 'forbidden', next: expect.stringContaining('--allow-source-url') }),
    );
  });

  it.each(['models.example.com', 'ftp://models.example.com/', '10.0.0.0/33', ''])('has no place for %j', (entry) => {
    expect(() => new UrlPolicy([entry])).toThrowError(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::1',
    'fd00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'not an address',
  ])('%s is private', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2001:4860:4860::8888', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
    },
  );

  it('are told from ranges and names', () => {
    expect(['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '::1'].every(isAddressRange)).toBe(true);
    expect(['10.0.0.0/33', 'fd00::/129', 'a/8', '10.0.0.0/8/8', '10.0.0.0/', ''].some(isAddressRange)).toBe(false);
  });
});

describe('a download by a host name', () => {
  let fixture: SourceFixture;
  let server: TestServer;
  let handler: Handler;
  beforeEach(async () => {
    fixture = await SourceFixture.create();
    handler = (_, response) => response.end('model');
    server = await TestServer.start((request, response) => handler(request, response));
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  const from = (allowedUrls: string[], addresses: Record<string, string[]>) =>
    fixture.source({
      allowedUrls,
      retryDelaysMs: [],
      resolveHost: async (hostname) =>
        (addresses[hostname] ?? []).map((address): ResolvedAddress => ({ address, family: 4 })),
    });
  const named = (path = '/') => `http://models.test:${server.port}${path}`;

  it('is refused when the name leads to a private address', async () => {
    const source = from([named()], { 'models.test': ['127.0.0.1'] });
    const error = await errorOf(fixture.fetch(source, named('/a.onnx')));
    expect(error.code).toBe('forbidden');
    expect(error.message).toContain('models.test');
    expect(server.requests).toHaveLength(0);
  });

  it('connects to the address that was checked when an operator named its range', async () => {
    const source = from([named(), '127.0.0.0/8'], { 'models.test': ['10.0.0.1', '127.0.0.1'] });
    await fixture.fetch(source, named('/a.onnx'));
    expect(server.requests[0]?.headers.host).toBe(`models.test:${server.port}`);
  });

  it('may be a local one when the allow-list says localhost', async () => {
    const url = `http://localhost:${server.port}/`;
    await fixture.fetch(from([url], { localhost: ['127.0.0.1'] }), `${url}a.onnx`);
    expect(server.requests).toHaveLength(1);
  });

  it('follows redirects within the allow-list', async () => {
    handler = (request, response) =>
      request.url === '/a' ? response.writeHead(302, { location: '/b' }).end() : response.end('model');
    await fixture.fetch(from([server.url()], {}), server.url('/a'));
    expect(server.requests.map((request) => request.url)).toEqual(['/a', '/b']);
  });

  it.each(['http://elsewhere.test/b', 'http://169.254.169.254/latest', '//elsewhere.test/b', 'file:///etc/passwd'])(
    'does not follow a redirect to %s',
    async (location) => {
      handler = (_, response) => response.writeHead(307, { location }).end();
      const error = await errorOf(fixture.fetch(from([server.url()], {}), server.url('/a')));
      expect(error.code).toBe('forbidden');
      expect(server.requests).toHaveLength(1);
    },
  );

  it('does not follow a redirect to a name with a private address', async () => {
    handler = (_, response) => response.writeHead(302, { location: named('/b') }).end();
    const source = from([server.url(), named()], { 'models.test': ['127.0.0.1'] });
    expect((await errorOf(fixture.fetch(source, server.url('/a')))).code).toBe('forbidden');
    expect(server.requests).toHaveLength(1);
  });

  it('ends a circle of redirects, and one that leads nowhere', async () => {
    handler = (_, response) => response.writeHead(302, { location: '/again' }).end();
    const source = from([server.url()], {});
    expect((await errorOf(fixture.fetch(source, server.url('/a')))).message).toContain('more than 5 times');
    expect(server.requests).toHaveLength(6);
    handler = (_, response) => response.writeHead(302).end();
    expect((await errorOf(fixture.fetch(source, server.url('/a')))).message).toContain('without saying where');
  });
});

import { describe, expect, it } from 'vitest';
import { MAX_JSON_BODY_BYTES } from '../../src/http/plugins/json-body.ts';
import { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { HeapPayloadStore } from '../helpers/http/heap-payload-store.ts';
import { RawConnection } from '../helpers/http/raw-connection.ts';
import { start } from '../helpers/http/start.ts';
import { versionView } from '../helpers/http/views.ts';

const MIB = 2 ** 20;
const ROUTES = [
  ['POST', '/api/v1/model_serving/load'],
  ['POST', '/api/v1/model_serving/health_check/iris'],
  ['DELETE', '/api/v1/model_serving/models/iris'],
  ['POST', '/v2/repository/index'],
  ['POST', '/v2/repository/models/iris/load'],
  ['POST', '/v2/repository/models/iris/unload'],
] as const;

/** Nested as deeply as its length allows: what costs a parser most. */
const brackets = (bytes: number) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2);

describe('a body that is parsed on the HTTP thread', () => {
  it.each(ROUTES)('is refused past its limit, which the answer tells: %s %s', async (method, url) => {
    await using server = await start({ bodyLimitBytes: 64 * MIB });
    const response = await server.app.inject({
      method,
      url,
      headers: { 'content-type': 'application/json' },
      payload: brackets(MAX_JSON_BODY_BYTES + 2),
    });
    const sentence = `The body is larger than the limit of ${MAX_JSON_BODY_BYTES} bytes.`;
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject(
      url.startsWith('/v2/')
        ? { error: expect.stringContaining(sentence) }
        : { type: 'urn:echoserve:error:body_too_large', detail: sentence, limit_bytes: MAX_JSON_BODY_BYTES },
    );
    expect([server.serving.loads, server.serving.unloads]).toEqual([[], []]);
  });

  it('is refused as well where it comes in chunks', async () => {
    await using server = await start({ bodyLimitBytes: 64 * MIB });
    const { port } = await server.listen();
    await using connection = await RawConnection.open(port);
    const size = MAX_JSON_BODY_BYTES + 2;
    const head = ['POST /v2/repository/index HTTP/1.1', 'host: localhost', 'transfer-encoding: chunked', ''];
    connection.write(...head, size.toString(16), brackets(size), '0', '', '');
    expect(await connection.until(/\}$/)).toContain('HTTP/1.1 413');
  });

  it('has no limit beyond that of all bodies', async () => {
    await using server = await start({ bodyLimitBytes: 100 });
    const payload = { model_id: 'a'.repeat(100) };
    const response = await server.app.inject({ method: 'POST', url: '/api/v1/model_serving/load', payload });
    expect(response.json()).toMatchObject({ status: 413, limit_bytes: 100 });
  });

  it('is parsed up to its limit', async () => {
    await using server = await start({ bodyLimitBytes: 64 * MIB });
    const payload = JSON.stringify({ ready: true }).padEnd(MAX_JSON_BODY_BYTES, ' ');
    const response = await server.app.inject({ method: 'POST', url: '/v2/repository/index', payload });
    expect(response.statusCode).toBe(200);
  });
});

describe('the body of an inference', () => {
  it.each(['/v2/models/iris/infer', '/api/v1/model_serving/models/iris/infer'])('may be larger: %s', async (url) => {
    const serving = new FakeModelServing([versionView()], new HeapPayloadStore(4 * MIB));
    await using server = await start({ bodyLimitBytes: 2 * MIB }, serving);
    const payload = Buffer.alloc(MIB + 1, ' ');
    const response = await server.app.inject({ method: 'POST', url, payload });
    expect(response.statusCode).toBe(200);
    expect(server.serving.inferences[0]?.body.byteLength).toBe(payload.byteLength);
  });
});

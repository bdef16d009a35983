import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, type Handler, SourceFixture, sha256, TestServer } from './fixture.ts';

const model = randomBytes(300_000);
const etag = '"v1"';

let fixture: SourceFixture;
let server: TestServer;
beforeEach(async () => {
  fixture = await SourceFixture.create();
});
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

async function serve(handler: Handler): Promise<TestServer> {
  server = await TestServer.start(handler);
  return server;
}

const source = (options: Parameters<SourceFixture['source']>[0] = {}) =>
  fixture.source({ allowedUrls: [server.url('/')], ...options });

const downloads = () => readdir(join(fixture.dataDir, 'downloads'));

/** Cuts the connection once `bytes` of the file are on the disk. */
function cutAt(response: ServerResponse, bytes: number): void {
  fixture.onProgress = ({ bytesDone }) => {
    if (bytesDone >= bytes) response.destroy();
  };
}

/** Sends the model from where the request asks, with a validator; not more than `limit` bytes, then it cuts. */
function sendRange(limit = Number.POSITIVE_INFINITY, tag = etag): Handler {
  return (request, response) => {
    const asked = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isRange = asked > 0 && request.headers['if-range'] === tag;
    const start = isRange ? asked : 0;
    const body = model.subarray(start);
    response.writeHead(isRange ? 206 : 200, {
      etag: tag,
      'content-length': body.length,
      ...(isRange ? { 'content-range': `bytes ${start}-${model.length - 1}/${model.length}` } : {}),
    });
    if (body.length <= limit) return response.end(body);
    cutAt(response, start + limit);
    return response.write(body.subarray(0, limit));
  };
}

describe('an existing version', () => {
  it('is not overwritten', async () => {
    await serve(sendRange());
    await fixture.fetch(source(), server.url('/iris.onnx'));
    const error = await errorOf(fixture.fetch(source(), server.url('/other.onnx')));
    expect(error.code).toBe('conflict');
    expect(server.requests).toHaveLength(1);
  });

  it('is taken as it is when the digest says that it is the same file', async () => {
    await serve(sendRange());
    await fixture.fetch(source(), server.url('/iris.onnx'));
    const again = await fixture.fetch(source(), server.url('/iris.onnx'), { sha256: sha256(model) });
    expect(again.version).toBe('1');
    expect(server.requests).toHaveLength(1);
  });

  it('of the repository is not shadowed', async () => {
    await serve(sendRange());
    await mkdir(join(fixture.repository, 'org/iris/1'), { recursive: true });
    await writeFile(join(fixture.repository, 'org/iris/1/model.onnx'), 'x');
    expect((await errorOf(fixture.fetch(source(), server.url('/iris.onnx')))).code).toBe('conflict');
  });

  it('is not mixed with another model whose id lies within it', async () => {
    await serve(sendRange());
    const from = source();
    await fixture.fetch(from, server.url('/a.onnx'), { modelId: 'a', version: '1' });
    const inside = fixture.fetch(from, server.url('/b.onnx'), { modelId: 'a/1', version: '1' });
    expect((await errorOf(inside)).code).toBe('conflict');
    await fixture.fetch(from, server.url('/a.onnx'), { modelId: 'b/1', version: '1' });
    const around = fixture.fetch(from, server.url('/b.onnx'), { modelId: 'b', version: '1' });
    expect((await errorOf(around)).code).toBe('conflict');
    expect(await downloads()).toEqual([]);
  });

  it('is fetched once at a time', async () => {
    await serve(sendRange());
    const from = source();
    const first = fixture.fetch(from, server.url('/iris.onnx'));
    expect((await errorOf(fixture.fetch(from, server.url('/iris.onnx')))).code).toBe('conflict');
    await first;
  });
});

import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
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

describe('a download', () => {
  it("arrives in the data directory as the version's model.onnx, with its progress", async () => {
    await serve(sendRange());
    const version = await fixture.fetch(source(), server.url('/iris.onnx'), { sha256: sha256(model).toUpperCase() });
    expect(version).toMatchObject({ modelId: 'org/iris', version: '1', origin: 'data' });
    expect(version.modelPath).toBe(join(fixture.dataDir, 'models/org/iris/1/model.onnx'));
    expect(await readFile(version.modelPath)).toEqual(model);
    expect(fixture.progress[0]).toEqual({ bytesDone: 0, bytesTotal: model.length });
    expect(fixture.progress.at(-1)).toEqual({ bytesDone: model.length, bytesTotal: model.length });
    expect(await downloads()).toEqual([]);
    expect(server.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it('goes on where the connection was cut', async () => {
    let calls = 0;
    await serve((request, response) => sendRange(calls++ < 2 ? 100_000 : undefined)(request, response));
    const version = await fixture.fetch(source(), server.url('/iris.onnx'));
    expect(await readFile(version.modelPath)).toEqual(model);
    expect(server.requests.map((request) => request.headers.range)).toEqual([
      undefined,
      'bytes=100000-',
      'bytes=200000-',
    ]);
    expect(server.requests[1]?.headers['if-range']).toBe(etag);
    expect(fixture.delays).toEqual([500, 500]);
  });

  it('keeps its part when it gives up, and goes on from there when it is asked for again', async () => {
    let isDown = false;
    await serve((request, response) => {
      if (isDown) response.writeHead(503).end();
      else sendRange(100_000)(request, response);
      isDown = true;
    });
    const error = await errorOf(fixture.fetch(source({ retryDelaysMs: [1, 2] }), server.url('/iris.onnx')));
    expect(error.code).toBe('download_failed');
    expect(error.message).toContain('503');
    expect(error.next).toContain('100000 bytes are kept');
    expect(fixture.delays).toEqual([1, 2]);

    isDown = false;
    fixture.progress.length = 0;
    server.requests.length = 0;
    const version = await fixture
      .fetch(source({ retryDelaysMs: [1] }), server.url('/iris.onnx'))
      .catch(() => undefined);
    expect(version).toBeUndefined();
    expect(fixture.progress[0]?.bytesDone).toBe(100_000);
    expect(server.requests[0]?.headers.range).toBe('bytes=100000-');
  });

  it('starts anew when the file has changed since', async () => {
    let tag = '"old"';
    await serve((request, response) => sendRange(tag === etag ? undefined : 100_000, tag)(request, response));
    await errorOf(fixture.fetch(source({ retryDelaysMs: [] }), server.url('/iris.onnx')));
    tag = etag;
    const version = await fixture.fetch(source(), server.url('/iris.onnx'));
    expect(await readFile(version.modelPath)).toEqual(model);
  });

  it('starts anew from a server that knows no validators, unless a digest guards the result', async () => {
    const half = model.length / 2;
    let isCut = true;
    await serve((request, response) => {
      const isRange = request.headers.range === `bytes=${half}-`;
      const headers = isRange ? { 'content-range': `bytes ${half}-${model.length - 1}/${model.length}` } : {};
      response.writeHead(isRange ? 206 : 200, headers);
      if (!isCut) return response.end(isRange ? model.subarray(half) : model);
      cutAt(response, half);
      return response.write(model.subarray(0, half));
    });
    for (const digest of [undefined, sha256(model)]) {
      const options = {
        version: digest === undefined ? '1' : '2',
        ...(digest === undefined ? {} : { sha256: digest }),
      };
      isCut = true;
      await errorOf(fixture.fetch(source({ retryDelaysMs: [] }), server.url('/iris.onnx'), options));
      isCut = false;
      fixture.onProgress = () => undefined;
      const version = await fixture.fetch(source(), server.url('/iris.onnx'), options);
      expect(await readFile(version.modelPath)).toEqual(model);
    }
    expect(server.requests.map((request) => request.headers.range)).toEqual([
      undefined,
      undefined,
      undefined,
      `bytes=${half}-`,
    ]);
  });

  it('takes a part as whole when the server has nothing after it', async () => {
    const ranges: (string | undefined)[] = [];
    await serve((request, response) => {
      ranges.push(request.headers.range);
      if (request.headers.range === undefined) {
        // Every byte, but the end of the chunked body is missing.
        response.writeHead(200, { etag });
        response.write(model);
        cutAt(response, model.length);
      } else {
        response.writeHead(416, { 'content-range': `bytes */${model.length}` }).end();
      }
    });
    const version = await fixture.fetch(source(), server.url('/iris.onnx'));
    expect(await readFile(version.modelPath)).toEqual(model);
    expect(ranges).toEqual([undefined, `bytes=${model.length}-`]);
  });

  it('works without a content length', async () => {
    await serve((_, response) => {
      response.write(model.subarray(0, 1000));
      response.end(model.subarray(1000));
    });
    const version = await fixture.fetch(source(), server.url('/iris.onnx'));
    expect(await readFile(version.modelPath)).toEqual(model);
    expect(fixture.progress.at(-1)).toEqual({ bytesDone: model.length, bytesTotal: undefined });
  });

  it('with the wrong digest leaves nothing behind', async () => {
    await serve(sendRange());
    const expected = sha256('another');
    const error = await errorOf(fixture.fetch(source(), server.url('/iris.onnx'), { sha256: expected }));
    expect(error.code).toBe('model_unloadable');
    expect(error.details).toEqual({ expected, actual: sha256(model) });
    expect(await downloads()).toEqual([]);
    expect((await fixture.catalog.list()).versions).toEqual([]);
  });

  it.each([404, 401, 410])('is not tried again after a %i', async (status) => {
    await serve((_, response) => response.writeHead(status).end('no'));
    const error = await errorOf(fixture.fetch(source(), server.url('/iris.onnx?token=secret')));
    expect(error.code).toBe('download_failed');
    expect(error.message).toContain(String(status));
    expect(error.message).not.toContain('secret');
    expect(server.requests).toHaveLength(1);
  });

  it('is tried a few times with growing waits, then given up', async () => {
    await serve((_, response) => response.writeHead(503).end());
    const error = await errorOf(fixture.fetch(source(), server.url('/iris.onnx')));
    expect(error.code).toBe('download_failed');
    expect(fixture.delays).toEqual([500, 1000, 2000, 4000]);
    expect(server.requests).toHaveLength(5);
  });

  it('from a silent server ends by the idle limit', async () => {
    await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('abc');
    });
    const from = source({ idleTimeoutMs: 20, retryDelaysMs: [] });
    const error = await errorOf(fixture.fetch(from, server.url('/iris.onnx')));
    expect(error.code).toBe('download_failed');
    expect(error.message).toContain('no data came for 20 ms');
  });

  it('from a server that never answers ends by the idle limit', async () => {
    await serve(() => undefined);
    const from = source({ idleTimeoutMs: 20, retryDelaysMs: [] });
    expect((await errorOf(fixture.fetch(from, server.url('/iris.onnx')))).message).toContain('no data came');
  });

  it('ends when its signal says so, and keeps the part', async () => {
    const controller = new AbortController();
    await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10, etag });
      response.write('abc');
    });
    fixture.onProgress = ({ bytesDone }) => bytesDone === 3 && controller.abort();
    const error = await errorOf(fixture.fetch(source(), server.url('/iris.onnx'), { signal: controller.signal }));
    expect(error.code).toBe('request_cancelled');
    expect(await downloads()).toHaveLength(2);
  });

  it('larger than the limit is refused, announced or not', async () => {
    await serve((request, response) => {
      if (request.url === '/announced') response.writeHead(200, { 'content-length': 1001 });
      response.end(model.subarray(0, 1001));
    });
    for (const path of ['/announced', '/unannounced']) {
      const error = await errorOf(fixture.fetch(source({ maxBytes: 1000 }), server.url(path)));
      expect(error.message).toContain('larger than the limit of 1000 bytes');
    }
    expect(server.requests).toHaveLength(2);
  });

  it('that could never fit on the disk is refused at once', async () => {
    await serve((_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 60 });
      response.write('abc');
    });
    const error = await errorOf(fixture.fetch(source({ maxBytes: 2 ** 61 }), server.url('/iris.onnx')));
    expect(error.code).toBe('download_failed');
    expect(error.message).toContain('no space left');
  });

  it('that is compressed unasked is refused', async () => {
    await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    expect((await errorOf(fixture.fetch(source(), server.url('/iris.onnx')))).message).toContain('gzip');
  });
});

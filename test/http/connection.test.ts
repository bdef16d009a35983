import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { FakeModelServing } from '../helpers/http/fake-model-serving.ts';
import { RawConnection } from '../helpers/http/raw-connection.ts';
import { start } from '../helpers/http/start.ts';

const HEAD = ['POST /v2/models/iris/infer HTTP/1.1', 'host: localhost'];

/** Polls in turns of the event loop: there is no event for "the server has noticed". */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const givenBack = (serving: FakeModelServing) => () =>
  serving.payloads.opened.length > 0 && serving.payloads.usedBytes === 0;

describe('a connection', () => {
  it('carries a chunked body, and then another request', async () => {
    await using server = await start();
    const { port } = await server.listen();
    await using connection = await RawConnection.open(port);
    connection.write(...HEAD, 'transfer-encoding: chunked', '', '3', 'abc', '');
    connection.write('4', 'defg', '0', '', '');
    expect(await connection.until(/abcdefg$/)).toContain('HTTP/1.1 200');
    connection.write(...HEAD, 'content-length: 2', '', 'hi');
    expect(await connection.until(/hi$/)).toMatch(/x-served-by: iris@1/);
    expect(server.serving.payloads.usedBytes).toBe(0);
  });

  it('that breaks off in the middle of a body leaves nothing behind', async () => {
    await using server = await start();
    const { port } = await server.listen();
    for (const framing of ['content-length: 1000', 'transfer-encoding: chunked']) {
      await using connection = await RawConnection.open(port);
      connection.write(...HEAD, framing, '', '3', 'abc', '');
      await eventually(() => server.serving.payloads.usedBytes > 0);
      connection.socket.destroy();
      await eventually(givenBack(server.serving));
    }
    expect(server.serving.inferences).toEqual([]);
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  });

  it('that ends while the model runs cancels the request', async () => {
    await using server = await start();
    const { port } = await server.listen();
    const { promise: cancelled, resolve } = Promise.withResolvers<boolean>();
    server.serving.onInfer = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          resolve(signal.aborted);
          reject(new AppError('request_cancelled', 'The caller gave the request up.'));
        });
      });
    await using connection = await RawConnection.open(port);
    connection.write(...HEAD, 'content-length: 2', '', 'hi');
    await eventually(() => server.serving.inferences.length > 0);
    connection.socket.destroy();
    expect(await cancelled).toBe(true);
    await eventually(givenBack(server.serving));
  });

  it('that ends after the answer cancels nothing', async () => {
    await using server = await start();
    const { port } = await server.listen();
    const accepted = once(server.app.server, 'connection');
    await using connection = await RawConnection.open(port);
    const [socket] = await accepted;
    const ended = once(socket, 'close');
    connection.write(...HEAD, 'content-length: 2', '', 'hi');
    await connection.until(/hi$/);
    connection.socket.destroy();
    await ended;
    expect(server.serving.inferences[0]?.signal?.aborted).toBe(false);
  });

  it('gets its refusal while it is still sending, and can be used again', async () => {
    await using server = await start({ bodyLimitBytes: 100 });
    const { port } = await server.listen();
    await using connection = await RawConnection.open(port);
    connection.write(...HEAD, 'transfer-encoding: chunked', '', '80', 'x'.repeat(128), '');
    expect(await connection.until(/\}$/)).toContain('HTTP/1.1 413');
    connection.write('80', 'x'.repeat(128), '0', '', '');
    connection.write('GET /livez HTTP/1.1', 'host: localhost', '', '');
    expect(await connection.until(/"alive"/)).toContain('HTTP/1.1 200');
  });

  it('ends a load that somebody waits for, but not one in the background', async () => {
    await using server = await start();
    const { port } = await server.listen();
    const signals: AbortSignal[] = [];
    server.serving.onLoad = (_request, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    for (const body of ['{"model_id":"iris"}', '{"model_id":"iris","wait":false}']) {
      const connection = await RawConnection.open(port);
      connection.write(
        'POST /api/v1/model_serving/load HTTP/1.1',
        'host: localhost',
        'content-type: application/json',
        `content-length: ${body.length}`,
        '',
        body,
      );
      const before = signals.length;
      await eventually(() => signals.length > before);
      connection.socket.destroy();
      await connection.closed;
    }
    await eventually(() => signals[0]?.aborted === true);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });
});

describe('what is no HTTP request', () => {
  it.each([
    ['nonsense', ['nonsense', '', ''], 400],
    ['two lengths', [...HEAD, 'content-length: 1', 'content-length: 2', '', ''], 400],
    ['a length with chunks', [...HEAD, 'content-length: 1', 'transfer-encoding: chunked', '', ''], 400],
    ['a negative length', [...HEAD, 'content-length: -1', '', ''], 400],
    ['headers without end', [...HEAD, `x-long: ${'x'.repeat(20_000)}`, '', ''], 431],
  ])('is answered when it is %s', async (_what, lines, status) => {
    await using server = await start();
    const { port } = await server.listen();
    await using connection = await RawConnection.open(port);
    connection.write(...lines);
    const answer = await connection.untilClosed();
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toMatch(/x-request-id: [\w-]{18,}/);
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect(Object.keys(body ?? {})).toContain(lines[0]?.includes('/v2') ? 'error' : 'type');
  });

  it('is answered when it arrives too slowly', async () => {
    await using server = await start();
    const { port } = await server.listen();
    const accepted = once(server.app.server, 'connection');
    await using connection = await RawConnection.open(port);
    const [socket] = await accepted;
    // The server looks for slow requests now and then; told directly, nobody has to wait for that.
    const slow = Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    server.app.server.emit('clientError', slow, socket);
    expect(await connection.untilClosed()).toContain('HTTP/1.1 408 Request Timeout');
  });
});

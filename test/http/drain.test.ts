import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { RawConnection } from '../helpers/http/raw-connection.ts';
import { start } from '../helpers/http/start.ts';

describe('a draining server', () => {
  it('is not ready, still infers, and closes each connection', async () => {
    let isDraining = false;
    await using server = await start({ isDraining: () => isDraining });
    const infer = () => server.app.inject({ method: 'POST', url: '/v2/models/iris/infer', payload: '{}' });
    expect((await infer()).headers.connection).toBe('keep-alive');
    isDraining = true;

    const ready = await server.app.inject('/readyz');
    expect([ready.statusCode, ready.json().type]).toEqual([503, 'urn:echoserve:error:draining']);
    expect((await server.app.inject('/v2/health/ready')).statusCode).toBe(503);
    expect((await server.app.inject('/health')).statusCode).toBe(503);
    expect((await server.app.inject('/livez')).statusCode).toBe(200);

    const answer = await infer();
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
    expect((await server.app.inject('/nowhere')).headers.connection).toBe('close');
  });

  it('tells those who manage models to go elsewhere', async () => {
    await using server = await start({ isDraining: () => true });
    server.serving.failure = new AppError('draining', 'The server is shutting down.');
    const response = await server.app.inject({
      method: 'POST',
      url: '/api/v1/model_serving/load',
      payload: { model_id: 'iris' },
    });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
  });

  it('does not wait for a connection on which nothing was ever sent', async () => {
    const server = await start();
    const { port } = await server.listen();
    await using silent = await RawConnection.open(port);
    await using spoken = await RawConnection.open(port);
    spoken.write('GET /livez HTTP/1.1', 'host: localhost', '', '');
    // Connections are accepted in order: by now the server has the silent one too.
    await spoken.until(/alive/);
    await server.app.close();
    await silent.closed;
    await spoken.closed;
  });

  it('answers what it accepted before it closes, and does not wait for idle connections', async () => {
    let isDraining = false;
    const server = await start({ isDraining: () => isDraining });
    const { port } = await server.listen();
    const { promise: running, resolve: finish } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    server.serving.onInfer = async () => {
      begin();
      await running;
      return {};
    };
    await using idle = await RawConnection.open(port);
    idle.write('GET /livez HTTP/1.1', 'host: localhost', '', '');
    await idle.until(/alive/);
    await using busy = await RawConnection.open(port);
    busy.write('POST /v2/models/iris/infer HTTP/1.1', 'host: localhost', 'content-length: 2', '', 'hi');
    await began;

    isDraining = true;
    const closed = server[Symbol.asyncDispose]();
    await idle.untilClosed();
    finish();
    expect(await busy.untilClosed()).toMatch(/^HTTP\/1\.1 200[\s\S]*connection: close[\s\S]*hi$/);
    await closed;
  });
});

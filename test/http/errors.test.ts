import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { ERROR_TABLE } from '../../src/http/error-table.ts';
import { OpenInferenceError, Problem } from '../../src/http/schemas/errors.ts';
import { captureLog, LEVEL } from '../helpers/http/log-lines.ts';
import { start } from '../helpers/http/start.ts';

// The keys of the table are the codes: it is exhaustive.
const CODES = Object.keys(ERROR_TABLE) as ErrorCode[];
const PROBLEM_URL = '/api/v1/model_serving/models/iris';
const OIP_URL = '/v2/models/iris';

describe('every error', () => {
  it.each(CODES)('%s is told in both dialects with one status', async (code) => {
    await using server = await start();
    const details = { limit: 3 };
    server.serving.failure = new AppError(code, 'It went wrong.', { next: 'Do something else.', details });
    const { status, title } = ERROR_TABLE[code];

    const problem = await server.app.inject({ url: PROBLEM_URL, headers: { 'x-request-id': 'req-1' } });
    expect(problem.statusCode).toBe(status);
    expect(problem.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(problem.json()).toEqual({
      type: `urn:echoserve:error:${code}`,
      title,
      status,
      detail: 'It went wrong.',
      instance: 'req-1',
      next: 'Do something else.',
      limit: 3,
    });
    expect(Problem.safeParse(problem.json()).success).toBe(true);

    const oip = await server.app.inject(OIP_URL);
    expect(oip.statusCode).toBe(status);
    expect(oip.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(oip.json()).toEqual({ error: 'It went wrong. Do something else.' });
    expect(OpenInferenceError.safeParse(oip.json()).success).toBe(true);

    for (const response of [problem, oip]) {
      expect(response.headers['retry-after']).toBe([429, 503].includes(status) ? '1' : undefined);
    }
  });

  it('rounds the time to come back up to whole seconds', async () => {
    await using server = await start();
    server.serving.failure = new AppError('queue_full', 'Full.', { retryAfterS: 2.1 });
    expect((await server.app.inject(OIP_URL)).headers['retry-after']).toBe('3');
  });
});

describe('an unexpected error', () => {
  it.each([new Error('password=hunter2'), 'just a string', undefined, null, { code: 'FST_ERR_X' }])(
    'such as %s tells nothing to the caller',
    async (failure) => {
      await using server = await start();
      server.serving.describeModel = () => Promise.reject(failure);
      const response = await server.app.inject(PROBLEM_URL);
      expect(response.statusCode).toBe(500);
      expect(response.json().type).toBe('urn:echoserve:error:internal');
      expect(response.body).not.toContain('hunter2');
    },
  );

  it('is logged as an error with its cause and the request id', async () => {
    const { logger, lines } = captureLog();
    await using server = await start({ logger });
    server.serving.failure = new Error('the disk is gone');
    await server.app.inject({ url: OIP_URL, headers: { 'x-request-id': 'req-7' } });
    const [line] = lines.filter((each) => each['level'] === LEVEL.error);
    expect(line).toMatchObject({ reqId: 'req-7', url: OIP_URL, err: { message: 'the disk is gone' } });
  });

  it('in a response that does not fit its schema is one too', async () => {
    await using server = await start();
    const performance = { ...server.serving.performance(), totalLoads: Number.NaN };
    server.serving.performance = () => performance;
    const response = await server.app.inject('/health');
    expect([response.statusCode, response.json().type]).toEqual([500, 'urn:echoserve:error:internal']);
  });
});

describe('what no route takes', () => {
  it.each([
    ['/nowhere', 'type'],
    ['/api/v1/model_serving/nowhere', 'type'],
    ['/api/v2', 'type'],
    ['/v2/nowhere', 'error'],
    ['/v2/models', 'error'],
    ['/v2x', 'type'],
  ])('%s is 404 in the dialect of its place', async (url, member) => {
    await using server = await start();
    const response = await server.app.inject(url);
    expect(response.statusCode).toBe(404);
    expect(response.json()).toHaveProperty(member);
    expect(response.headers['x-request-id']).toBeDefined();
  });

  it.each([
    ['PUT', '/api/v1/model_serving/load', 'POST'],
    ['POST', '/api/v1/model_serving/models/iris', 'GET, HEAD, DELETE'],
    ['GET', '/v2/models/a/b/infer', 'POST'],
    ['DELETE', '/v2/repository/models/a%2Fb/load', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/v2', 'GET, HEAD'],
  ] as const)('%s %s is 405 with what is allowed', async (method, url, allowed) => {
    await using server = await start();
    const response = await server.app.inject({ method, url });
    expect([response.statusCode, response.headers.allow]).toEqual([405, allowed]);
  });

  it('is refused before its body is looked at', async () => {
    await using server = await start();
    const response = await server.app.inject({
      method: 'POST',
      url: '/v2/nowhere',
      payload: '{broken',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(404);
  });

  it.each([
    ['/v2/models/%zz', 'error'],
    ['/api/v1/model_serving/models/%', 'type'],
    [`/v2/models/${'a'.repeat(800)}`, 'error'],
    [`/api/v1/model_serving/models/${'a'.repeat(800)}`, 'type'],
  ])('a path that can not be one is 400: %s', async (url, member) => {
    await using server = await start();
    const response = await server.app.inject({ url, headers: { 'x-request-id': 'req-9' } });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toHaveProperty(member);
    expect(response.headers['x-request-id']).toBe('req-9');
  });

  it('finds an id of 255 characters, each of them encoded', async () => {
    await using server = await start();
    const id = [...'a'.repeat(255)].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
    const response = await server.app.inject(`/v2/models/${id}`);
    expect(response.json().error).toMatch(/^There is no model "a{255}"/);
  });
});

describe('the log', () => {
  const levels = async (failure: AppError, url: string) => {
    const { logger, lines } = captureLog();
    await using server = await start({ logger });
    server.serving.failure = failure;
    await server.app.inject({ url, headers: { authorization: 'Bearer secret', 'x-request-id': 'req-3' } });
    expect(JSON.stringify(lines)).not.toContain('secret');
    return lines.filter((line) => line['msg'] === 'request refused').map((line) => line['level']);
  };

  it('has what callers did wrong as information', async () => {
    expect(await levels(new AppError('model_not_found', 'No.'), PROBLEM_URL)).toEqual([LEVEL.info]);
  });

  it('has what the server could not do as a warning', async () => {
    expect(await levels(new AppError('insufficient_memory', 'No.'), PROBLEM_URL)).toEqual([LEVEL.warn]);
  });

  it('is not filled by routes that are called all the time', async () => {
    expect(await levels(new AppError('model_not_found', 'No.'), OIP_URL)).toEqual([LEVEL.debug]);
    expect(await levels(new AppError('overloaded', 'No.'), OIP_URL)).toEqual([LEVEL.debug]);
  });

  it('has one line for a management request, and none for an inference or a probe', async () => {
    const { logger, lines } = captureLog('info');
    await using server = await start({ logger });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await server.app.inject({ url: `${PROBLEM_URL}?`, headers: { 'x-request-id': 'req-5', traceparent } });
    await server.app.inject({ method: 'POST', url: '/v2/models/iris/infer', payload: '{}' });
    await server.app.inject('/readyz');
    const requests = lines.filter((line) => line['msg'] === 'request answered');
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ reqId: 'req-5', traceparent, method: 'GET', status: 200 });
    expect(lines).toHaveLength(1);
  });

  it('has the URL as it was asked for', async () => {
    const { logger, lines } = captureLog('info');
    await using server = await start({ logger });
    await server.app.inject('/api/v1/model_serving/models/a/b');
    expect(lines.map((line) => line['url'])).toContain('/api/v1/model_serving/models/a/b');
  });
});

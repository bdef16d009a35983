import { describe, expect, it } from 'vitest';
import { start } from '../helpers/http/start.ts';

const URL = '/v2/models/iris/infer';
const BODY = '{"inputs":[]}';

describe('the routing key of an inference', () => {
  it.each([
    ['user-42', 'user-42'],
    [' a b~', 'a b~'],
    ['k'.repeat(256), 'k'.repeat(256)],
    ['', undefined],
    [undefined, undefined],
  ])('is %j as %j', async (given, expected) => {
    await using server = await start();
    const headers = given === undefined ? {} : { 'x-routing-key': given.trim() };
    const response = await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
    expect(response.statusCode).toBe(200);
    expect(server.serving.inferences[0]?.routingKey).toBe(expected);
  });

  it('is in the header that the server was started with, and in no other', async () => {
    await using server = await start({ routingKeyHeader: 'x-user' });
    const headers = { 'X-User': 'ada', 'x-routing-key': 'other' };
    await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
    expect(server.serving.inferences[0]?.routingKey).toBe('ada');
  });

  it.each(['k'.repeat(257), 'tab\there', 'ümlaut'])('%j is refused by its name', async (key) => {
    await using server = await start();
    const headers = { 'x-routing-key': key };
    const response = await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toContain('x-routing-key');
    expect(server.serving.refusals).toEqual(['invalid_request']);
  });
});

describe('the sequence of an inference', () => {
  it('is in x-sequence-id, and is its routing key whatever the header for that says', async () => {
    await using server = await start();
    const headers = { 'x-sequence-id': 'call-17', 'x-routing-key': 'other' };
    await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
    expect(server.serving.inferences[0]).toMatchObject({ sequenceId: 'call-17', routingKey: 'call-17' });
  });

  it('is none where the header is empty or absent', async () => {
    await using server = await start();
    for (const headers of [{ 'x-sequence-id': '' }, { 'x-routing-key': 'a' }]) {
      await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
      expect(server.serving.inferences.at(-1)?.sequenceId).toBeUndefined();
    }
  });

  it('is refused by its name where it is too long', async () => {
    await using server = await start();
    const headers = { 'x-sequence-id': 'k'.repeat(257) };
    const response = await server.app.inject({ method: 'POST', url: URL, payload: BODY, headers });
    expect([response.statusCode, response.json().error]).toEqual([400, expect.stringContaining('x-sequence-id')]);
  });
});

describe('an answer that another version gave', () => {
  it('names the version that failed before', async () => {
    await using server = await start();
    server.serving.onInfer = () => Promise.resolve({ fallbackFrom: '2' });
    const { headers } = await server.app.inject({ method: 'POST', url: URL, payload: BODY });
    expect(headers).toMatchObject({ 'x-served-by': 'iris@1', 'x-fallback-from': 'iris@2' });
  });

  it('is told of only where it happened', async () => {
    await using server = await start();
    const { headers } = await server.app.inject({ method: 'POST', url: URL, payload: BODY });
    expect(headers).not.toHaveProperty('x-fallback-from');
  });
});

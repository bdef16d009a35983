import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoFault, firstOutput, integers } from '../helpers/acceptance/ask.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { patiently, versionOf } from '../helpers/acceptance/views.ts';
import { identity, slow } from '../helpers/onnx/models.ts';

/** Of the model that is flooded. */
const PLACES = 8;
const CLIENTS = 3 * PLACES;

/** More clients than a model has places for, each of which asks again as soon as it has been answered or refused. */
class Flood implements AsyncDisposable {
  answered = 0;
  readonly refusals: { readonly status: number; readonly retryAfter: string | null }[] = [];
  #isOver = false;
  readonly #clients: readonly Promise<void>[];

  constructor(server: Server, modelId: string, headers: Record<string, string> = {}) {
    this.#clients = Array.from({ length: CLIENTS }, () => this.#ask(server, modelId, headers));
  }

  async #ask(server: Server, modelId: string, headers: Record<string, string>): Promise<void> {
    while (!this.#isOver) {
      const { status, headers: answered } = await server.infer(modelId, integers(10), headers);
      if (status === 200) this.answered += 1;
      else this.refusals.push({ status, retryAfter: answered.get('retry-after') });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }
}

let server: Server;

beforeAll(async () => {
  server = await Server.start();
  server.home.add('flooded', slow());
  server.home.add('quiet', identity('INT64', [-1]));
  const options = { max_queue_length: PLACES, max_batch_size: 2 };
  expect((await server.load('flooded', { options })).status).toBe(200);
  expect((await server.load('quiet')).status).toBe(200);
});

afterAll(() => server[Symbol.asyncDispose]());

describe('while one model is flooded', () => {
  test('every request to another is answered, and the flooded one goes on answering', async () => {
    await using flood = new Flood(server, 'flooded');
    await patiently(() => expect(flood.refusals.length).toBeGreaterThan(CLIENTS));
    const before = { answered: flood.answered, refused: flood.refusals.length };
    const faults: (string | undefined)[] = [];
    for (let value = 0; value < 100; value += 1) faults.push(await echoFault(server, 'quiet', value));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    await patiently(() => expect(flood.answered).toBeGreaterThan(before.answered));
    expect(flood.refusals.length).toBeGreaterThan(before.refused);
    expect((await versionOf(server, 'quiet')).statistics).toMatchObject({ succeeded: 100, failed: {} });
  });

  test('who is refused is told when to come back', async () => {
    await using flood = new Flood(server, 'flooded');
    await patiently(() => expect(flood.refusals.length).toBeGreaterThan(CLIENTS));
    expect(flood.refusals.filter(({ status }) => status !== 429)).toEqual([]);
    for (const { retryAfter } of flood.refusals) expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
  });

  test('each more urgent request is answered all the same', async () => {
    await using flood = new Flood(server, 'flooded', { 'x-request-priority': '200' });
    await patiently(() => expect(flood.refusals.length).toBeGreaterThan(CLIENTS));
    for (let value = 1; value <= 20; value += 1) {
      const answer = await server.infer('flooded', integers(value), { 'x-request-priority': '1' });
      expect([answer.status, firstOutput(answer)]).toEqual([200, [value]]);
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echoFault, integers } from '../helpers/acceptance/ask.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { payloadBytes, versionOf } from '../helpers/acceptance/views.ts';
import { crashesOnNegative, identity } from '../helpers/onnx/models.ts';

// What ends the process is a division that traps on x86 only.
describe.skipIf(process.arch !== 'x64')('a request that crashes its model', () => {
  let server: Server;

  beforeAll(async () => {
    server = await Server.start();
    server.home.add('sensitive', crashesOnNegative());
    server.home.add('steady', identity('INT64', [-1]));
    for (const name of ['sensitive', 'steady']) expect((await server.load(name)).status).toBe(200);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const poison = () => server.infer('sensitive', integers(-1));
  const good = (from: number) =>
    Promise.all(Array.from({ length: 40 }, (_, index) => echoFault(server, 'sensitive', from + index)));

  test('fails alone: all others are answered rightly, those that shared its batch too', async () => {
    const trickle = new Trickle(server, 'steady');
    // More crashes than a model that crashes of itself is forgiven.
    for (let round = 1; round <= 4; round += 1) {
      const [before, crashed, after] = await Promise.all([good(100 * round), poison(), good(100 * round + 50)]);
      expect(crashed).toMatchObject({
        status: 500,
        body: { error: expect.stringMatching(/^This request crashed the model/) },
      });
      expect([...before, ...after].filter((fault) => fault !== undefined)).toEqual([]);
    }
    expect((await trickle.stop()).faults).toEqual([]);
    const { state, statistics } = await versionOf(server, 'sensitive');
    expect({ state, failed: statistics.failed }).toEqual({ state: 'ready', failed: { model_crashed: 4 } });
    expect(statistics.succeeded).toBe(320);
    expect(await payloadBytes(server)).toBe(0);
  });

  test('is called by its name by the management API', async () => {
    const path = '/api/v1/model_serving/models/sensitive/infer';
    const { status, body } = await server.post(path, { inputs: integers(-5) });
    expect(body).toMatchObject({
      type: 'urn:echoserve:error:model_crashed',
      status: 500,
      next: expect.any(String),
      exit: expect.stringContaining('SIGFPE'),
    });
    expect(status).toBe(500);
    expect(await echoFault(server, 'sensitive', 3)).toBeUndefined();
  });
});

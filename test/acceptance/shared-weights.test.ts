import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Server } from '../helpers/acceptance/server.ts';
import { patiently, unload, versionOf } from '../helpers/acceptance/views.ts';
import { bigMlp } from '../helpers/onnx/models.ts';

const MB = 1e6;
const MODEL = bigMlp(20 * MB);
const SHARING = { options: { share_weights: true } };

/** The input of `bigMlp`. */
const INPUTS = [{ name: 'x', shape: [1, 1024], datatype: 'FP32', data: Array.from({ length: 1024 }, () => 0.5) }];

async function allocationOf(server: Server, modelId: string) {
  return (await versionOf(server, modelId)).allocation;
}

test.skipIf(process.platform !== 'linux')('models with the same file have its weights in memory once', async () => {
  await using server = await Server.start();
  for (const name of ['blue', 'green', 'plain']) server.home.add(name, MODEL);
  for (const name of ['blue', 'green']) expect((await server.load(name, SHARING)).status).toBe(200);
  expect((await server.load('plain')).status).toBe(200);

  const answers = await Promise.all(['blue', 'green', 'plain'].map((name) => server.infer(name, INPUTS)));
  const [blue, green, plain] = answers.map(({ body }) => Number(body.outputs[0]?.data[0]));
  expect(green).toBe(blue);
  expect(blue).toBeCloseTo(plain ?? Number.NaN, 4);

  // The first was measured when it had its weights alone; it is measured again every few seconds.
  for (const name of ['blue', 'green']) {
    const allocation = await patiently(async () => {
      const found = await allocationOf(server, name);
      expect(found.shared_memory_gb).toBeGreaterThan(0);
      return found;
    });
    expect((allocation.shared_memory_gb ?? 0) / 0.01).toBeCloseTo(1, 1);
    expect(allocation.share_weights).toBe(true);
  }
  expect(await allocationOf(server, 'plain')).toMatchObject({ share_weights: false, shared_memory_gb: null });
  const { body: metrics } = await server.request<string>('/metrics');
  expect(Number(/^echoserve_shared_memory_bytes (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(15 * MB);
  expect(readdirSync(join(server.home.data, 'rewritten'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}-shared$/)]);
});

test('a version that has its weights to itself refuses to share them until it is loaded anew', async () => {
  await using server = await Server.start();
  server.home.add('blue', MODEL);
  await server.load('blue');
  const refused = await server.load('blue', SHARING);
  expect(refused).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/other options \(share_weights\)/) },
  });
  expect((await server.load('blue', { ...SHARING, force_reload: true })).status).toBe(200);
  expect(await allocationOf(server, 'blue')).toMatchObject({ share_weights: true });
});

test('a manifest can ask for it, and it is kept over a restart, also when the written weights are lost', async () => {
  const server = await Server.start();
  const { home } = server;
  using _home = home;
  home.add('blue', MODEL);
  home.write('models/blue/model.json', JSON.stringify({ options: { share_weights: true } }));
  expect(await allocationOf(server, 'blue')).toMatchObject({ share_weights: true });
  expect((await server.load('blue')).status).toBe(200);
  expect(await server.stop()).toBe(0);
  rmSync(join(home.data, 'rewritten'), { recursive: true });

  await using next = await Server.start({ home });
  await patiently(async () => expect((await versionOf(next, 'blue')).state).toBe('ready'));
  expect(await allocationOf(next, 'blue')).toMatchObject({ share_weights: true });
  expect((await next.infer('blue', INPUTS)).status).toBe(200);
  await unload(next, 'blue');
});

import { expect, test } from 'vitest';
import { floats } from '../helpers/acceptance/ask.ts';
import { Home, Server } from '../helpers/acceptance/server.ts';
import { runnerOf, statusOf, versionOf } from '../helpers/acceptance/views.ts';
import { bigMlp } from '../helpers/onnx/models.ts';

const API = '/api/v1/model_serving';
const WEIGHT_BYTES = 48 << 20;
const input = floats(...Array.from({ length: 1024 }, (_, index) => index / 1024));

test('an update for which there is no room is refused with the figures, and changes nothing', async () => {
  using home = new Home();
  for (const version of ['1', '2']) home.add('large', bigMlp(WEIGHT_BYTES), version);
  // Room for one of them.
  await using server = await Server.start({ home, args: ['--memory-budget', String(3 * WEIGHT_BYTES)] });
  expect((await server.load('large', { version: '1' })).status).toBe(200);
  const pid = await runnerOf(server, 'large', '1');
  const children = server.children().length;

  const refused = await server.post(`${API}/update`, { model_id: 'large', new_version: '2' });
  expect(refused).toMatchObject({
    status: 507,
    body: { needed_bytes: expect.any(Number), free_bytes: expect.any(Number), could_be_freed_bytes: 0 },
  });
  expect((await server.request(`${API}/rollouts`)).body).toEqual({ rollouts: [] });
  expect(await versionOf(server, 'large', '2')).toMatchObject({ state: 'absent', runner_pid: null });
  expect(await runnerOf(server, 'large', '1')).toBe(pid);
  expect(server.children()).toHaveLength(children);
  expect((await statusOf(server)).performance_metrics).toMatchObject({ failed_loads: 0, evictions: 0, rollbacks: 0 });
  expect(await server.infer('large', input)).toMatchObject({ status: 200, body: { model_version: '1' } });
});

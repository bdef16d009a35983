import { expect, test } from 'vitest';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { patiently, statusOf, unload, until, versionOf } from '../helpers/acceptance/views.ts';
import { bigMlp, identity } from '../helpers/onnx/models.ts';

const MB = 1e6;
const TWO = { options: { instances: 2 } };

async function measuredBytes(server: Server, modelId: string): Promise<number> {
  const { allocation } = await versionOf(server, modelId);
  return 1e9 * (allocation.measured_memory_gb ?? Number.NaN);
}

test('a version has as many processes as it is loaded with; all of them are told of, and end with it', async () => {
  await using server = await Server.start({ args: ['--intra-op-threads', '3'] });
  server.home.add('echo', identity('INT64', [-1]));
  expect(await server.load('echo', { options: { instances: 17 } })).toMatchObject({ status: 400 });
  const loaded = await server.load('echo', { options: { instances: 3 } });
  expect(loaded).toMatchObject({
    status: 200,
    body: { allocation: { instances: 3, intra_op_threads: 3, intra_op_threads_from: 'server' } },
  });
  const { runner_pids: pids, runner_pid: first } = await versionOf(server, 'echo');
  expect(pids).toHaveLength(3);
  expect(pids[0]).toBe(first);
  expect(server.children()).toEqual(expect.arrayContaining([...pids]));
  const { runners, processors } = await statusOf(server);
  expect(processors).toMatchObject({ count: expect.any(Number), intra_op_threads: 3 });
  expect(runners).toEqual(
    pids.map((pid) => ({
      model_id: 'echo',
      version: '1',
      pid,
      intra_op_threads: 3,
      intra_op_threads_from: 'server',
    })),
  );
  const config = await server.request('/v2/models/echo/config');
  expect(config).toMatchObject({ body: { instance_group: [{ count: 3 }] } });
  expect(await server.load('echo', TWO)).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/other options \(instances\)/) },
  });
  expect((await server.load('echo', { ...TWO, force_reload: true })).status).toBe(200);
  for (const pid of pids) await patiently(() => expect(isAlive(pid)).toBe(false));
  expect((await versionOf(server, 'echo')).runner_pids).toHaveLength(2);
  expect((await unload(server, 'echo')).status).toBe(200);
  expect(server.children()).toEqual([]);
});

test('one of two processes is killed under load: no request fails, the other answers, and it is replaced', async () => {
  await using server = await Server.start();
  server.home.add('echo', identity('INT64', [-1]));
  server.home.write('models/echo/model.json', JSON.stringify({ options: { instances: 2 } }));
  expect((await server.load('echo')).status).toBe(200);
  const trickle = new Trickle(server, 'echo', 16);
  const killed: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const answered = trickle.answered;
    await patiently(() => expect(trickle.answered).toBeGreaterThan(answered + 50));
    const [victim = 0, other = 0] = (await versionOf(server, 'echo')).runner_pids;
    process.kill(victim, 'SIGKILL');
    killed.push(victim);
    const fresh = await until(server, 'echo', ({ statistics, runner_pids }) => {
      expect(statistics.restarts).toBe(round);
      expect(runner_pids).toHaveLength(2);
    });
    expect(fresh.runner_pids).toContain(other);
    expect(fresh.state).toBe('ready');
    for (const pid of killed) expect(fresh.runner_pids).not.toContain(pid);
  }
  expect((await trickle.stop()).faults).toEqual([]);
});

test('either process answers everything while the other stands still with one request in it', async () => {
  await using server = await Server.start();
  server.home.add('echo', identity('INT64', [-1]));
  await server.load('echo', TWO);
  for (const stopped of (await versionOf(server, 'echo')).runner_pids) {
    process.kill(stopped, 'SIGSTOP');
    let answered = 0;
    const pair = [1, 2].map(async (value) => {
      expect(await echoFault(server, 'echo', value)).toBeUndefined();
      answered += 1;
    });
    await patiently(() => expect(answered).toBe(1));
    for (let value = 0; value < 50; value += 1) expect(await echoFault(server, 'echo', value)).toBeUndefined();
    expect(answered).toBe(1);
    process.kill(stopped, 'SIGCONT');
    await Promise.all(pair);
  }
});

test.skipIf(process.platform !== 'linux')('memory counts every process, and weights that they share once', async () => {
  await using server = await Server.start();
  for (const name of ['first', 'one', 'two', 'sharing']) server.home.add(name, bigMlp(60 * MB));
  // The first of all bears the runtime's code alone, and would make the next look cheap.
  for (const name of ['first', 'one']) await server.load(name);
  await server.load('two', TWO);
  expect(await measuredBytes(server, 'two')).toBeGreaterThan((await measuredBytes(server, 'one')) + 60 * MB);
  await server.load('sharing', { options: { instances: 2, share_weights: true } });
  const cost = await measuredBytes(server, 'sharing');
  expect(cost).toBeLessThan((await measuredBytes(server, 'two')) - 50 * MB);
  // Of each of them, what a copy of its own would cost more than its half.
  const { allocation } = await versionOf(server, 'sharing');
  expect((allocation.shared_memory_gb ?? 0) / 0.06).toBeCloseTo(1, 1);

  await unload(server, 'sharing');
  const again = await server.load('sharing', { dry_run: true, options: { instances: 2, share_weights: true } });
  expect(again.body).toMatchObject({ basis: 'measured', needed_bytes: expect.any(Number) });
  expect(Number(again.body['needed_bytes'])).toBeLessThan(cost + 20 * MB);
});

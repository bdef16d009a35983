import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { echoFault } from '../helpers/acceptance/ask.ts';
import { isAlive, Server } from '../helpers/acceptance/server.ts';
import { patiently, runnerOf, untilReplaced } from '../helpers/acceptance/views.ts';
import { identity } from '../helpers/onnx/models.ts';

/** Stops the first runner that the server starts from now on, before it can be ready. */
async function stopNextRunner(server: Server, known: readonly number[] = []): Promise<number> {
  for (;;) {
    const runner = server.children().find((pid) => !known.includes(pid) && isRunner(pid));
    if (runner !== undefined) {
      process.kill(runner, 'SIGSTOP');
      return runner;
    }
    await setImmediate();
  }
}

function isRunner(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/runner/main.js');
  } catch {
    return false;
  }
}

test('a runner that hangs while it is started again is given up, and the model answers from the next', async () => {
  await using server = await Server.start({ args: ['--load-timeout', '5s'] });
  server.home.add('victim', identity('INT64', [-1]));
  expect((await server.load('victim')).status).toBe(200);
  const first = await runnerOf(server, 'victim');

  process.kill(first, 'SIGSEGV');
  const second = await stopNextRunner(server, [first]);
  const third = await untilReplaced(server, 'victim', first);

  expect(third.runner_pid).not.toBe(second);
  expect(isAlive(second)).toBe(false);
  expect(await echoFault(server, 'victim', 7)).toBeUndefined();
});

test('a first load that hangs is refused with the reason, leaves no process, and can be repeated', async () => {
  await using server = await Server.start({ args: ['--load-timeout', '2s'] });
  server.home.add('victim', identity('INT64', [-1]));
  const load = server.load('victim');
  await stopNextRunner(server);
  expect(await load).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/not ready 2 s after its start/) },
  });
  await patiently(() => expect(server.children()).toEqual([]));
  expect(await echoFault(server, 'victim', 7)).toBeUndefined();
});

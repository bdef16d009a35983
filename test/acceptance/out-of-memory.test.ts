import { afterAll, expect, test } from 'vitest';
import { echoFault, integers } from '../helpers/acceptance/ask.ts';
import { MemoryGroup } from '../helpers/acceptance/memory-group.ts';
import { Server } from '../helpers/acceptance/server.ts';
import { Trickle } from '../helpers/acceptance/trickle.ts';
import { runnerOf, untilReplaced, versionOf } from '../helpers/acceptance/views.ts';
import { identity, memoryHog } from '../helpers/onnx/models.ts';

const MIB = 2 ** 20;
const group = MemoryGroup.create(700 * MIB);

afterAll(() => group?.[Symbol.asyncDispose]());

test.skipIf(group === undefined)('a model that takes more memory than there is loses its runner alone', async () => {
  if (group === undefined) return;
  await using server = await Server.start();
  group.add(server.pid);
  server.home.add('hog', memoryHog());
  server.home.add('steady', identity('INT64', [-1]));
  for (const name of ['hog', 'steady']) expect((await server.load(name)).status).toBe(200);
  const hog = await runnerOf(server, 'hog');
  const trickle = new Trickle(server, 'steady');

  const tooMuch = await server.infer('hog', integers(4000));
  expect(tooMuch).toMatchObject({ status: 500, body: { error: expect.stringMatching(/crashed the model/) } });
  // It was tried once more by itself. The kernel may choose a second victim while the first is still giving back.
  expect(group.kills).toBeGreaterThanOrEqual(2);

  await untilReplaced(server, 'hog', hog);
  expect(await echoFault(server, 'hog', 10)).toBeUndefined();
  expect((await trickle.stop()).faults).toEqual([]);
  expect(await versionOf(server, 'hog')).toMatchObject({
    state: 'ready',
    last_exit: expect.stringMatching(/the system ended it \(SIGKILL\): it ran out of memory/),
  });
  const steady = await runnerOf(server, 'steady');
  process.kill(steady, 'SIGKILL');
  await untilReplaced(server, 'steady', steady);
  // Another's kill is not taken for the system's.
  expect((await versionOf(server, 'steady')).last_exit).toMatch(/^signal SIGKILL/);
  expect(server.process.exitCode).toBeNull();
});

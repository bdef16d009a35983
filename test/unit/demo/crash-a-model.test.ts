import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Stage } from '../../../src/cli/demo/step.ts';
import { crashAModel } from '../../../src/cli/demo/steps/crash-a-model.ts';
import { Screen } from '../../../src/cli/screen.ts';

test('the model that is crashed gets no chance to answer before it ends', async () => {
  const model = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const ended = once(model, 'exit');
  const statistics = { in_flight: 0, restarts: 0, failed: {} };
  const answers = {
    GET: () => ({ versions: [{ serving: true, runner_pid: model.pid, statistics: { ...statistics } }] }),
    POST: async () => {
      statistics.in_flight = 1;
      await ended;
      statistics.restarts = 1;
      return { outputs: [{ name: 'label', data: ['setosa'] }] };
    },
  };
  const json = async ({ method }: { method: 'GET' | 'POST' }) => ({
    status: 200,
    ms: 1,
    body: await answers[method](),
  });
  const out = new PassThrough();
  // What the step asks of the client is here; of the server it asks nothing.
  const stage = { screen: new Screen(out), client: { url: 'http://localhost', json }, server: {} } as unknown as Stage;
  await crashAModel.play(stage);
  // The one signal that a stopped process takes without going on.
  expect(await ended).toEqual([null, 'SIGKILL']);
  out.end();
  expect(await text(out)).toMatch(/answer +200: setosa\n.*restarts +0 → 1\n/s);
});

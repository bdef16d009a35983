import type { z } from 'zod';
import { Model } from '../../../http/schemas/model.ts';
import type { ModelVersion } from '../../../http/schemas/model-version.ts';
import type { Call } from '../../call.ts';
import { type Client, Unexpected } from '../../client.ts';
import { milliseconds } from '../../figures.ts';
import { InferAnswer, output } from '../inference.ts';
import type { Step } from '../step.ts';

const LOOK: Call = { method: 'GET', path: '/api/v1/model_serving/models/iris' };
const ASK: Call = {
  method: 'POST',
  path: '/v2/models/iris/infer',
  body: JSON.stringify({
    inputs: [{ name: 'measurements', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.8, 1.6, 0.2] }],
  }),
};

export const crashAModel: Step = {
  title: 'Crash a model',
  why: "A model's process is killed while a request is with it; the request is answered all the same.",
  play: async ({ screen, client }) => {
    const before = await iris(client);
    const pid = runnerOf(before);
    screen.command([`$ kill -STOP ${pid}    # it keeps what it is sent`]);
    screen.curl(client.url, ASK);
    screen.command([`$ kill -KILL ${pid}`]);
    process.kill(pid, 'SIGSTOP');
    const answered = client.json(ASK, InferAnswer);
    try {
      await untilInFlight(client, answered);
    } finally {
      // Any other signal lets a stopped process go on first: while one thread of it takes the signal, another may answer.
      process.kill(pid, 'SIGKILL');
    }
    const { status, body, ms } = await answered;
    const after = await iris(client);
    if (after.statistics.restarts === before.statistics.restarts) throw new Unexpected('the model did not crash');
    screen.fact('answer', `${status}: ${output(body, 'label').data?.[0]}`, ['bold', 'green']);
    screen.fact('after', `${milliseconds(ms)}, in which a fresh process was started and asked again`);
    screen.fact('process', `${pid} → ${runnerOf(after)}`);
    screen.fact('restarts', `${before.statistics.restarts} → ${after.statistics.restarts}`);
    screen.fact('lost', `${failures(after) - failures(before)} requests`);
  },
};

async function iris(client: Client): Promise<z.output<typeof ModelVersion>> {
  const { body } = await client.json(LOOK, Model);
  const serving = body.versions.find((version) => version.serving);
  if (serving === undefined) throw new Unexpected('no version of iris serves');
  return serving;
}

function failures({ statistics }: z.output<typeof ModelVersion>): number {
  return Object.values(statistics.failed).reduce((sum, count) => sum + count, 0);
}

function runnerOf(version: z.output<typeof ModelVersion>): number {
  if (version.runner_pid === null) throw new Unexpected(`${version.model_id} has no process`);
  return version.runner_pid;
}

/** Asks the server, until it counts the request or has answered it. */
async function untilInFlight(client: Client, answered: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  answered.then(over, over);
  while (!isOver) {
    const { statistics } = await iris(client);
    if (statistics.in_flight > 0) return;
  }
}

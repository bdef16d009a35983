import { Model } from '../../../http/schemas/model.ts';
import { Unloaded } from '../../../http/schemas/model-version.ts';
import { Metrics, Status } from '../../../http/schemas/status.ts';
import type { Call } from '../../call.ts';
import { type Client, Unexpected } from '../../client.ts';
import { fromGigabytes, megabytes } from '../../figures.ts';
import type { Cell } from '../../screen.ts';
import type { Step } from '../step.ts';

export const unload: Step = {
  title: 'Unload',
  why: 'A version that is not needed answers what it has accepted, and its process ends: all of its memory is free.',
  play: async ({ screen, client }) => {
    const { body } = await client.json({ method: 'GET', path: '/api/v1/model_serving/metrics' }, Metrics);
    const models = [...new Set(body.versions.map(({ model_id }) => model_id))];
    for (const modelId of models.slice(0, 1)) screen.curl(client.url, unloading(modelId));
    const rows: (readonly Cell[])[] = [];
    for (const modelId of models) rows.push(...(await unloaded(client, modelId)));
    screen.table(['version', 'process', 'gives back'], rows, [2]);
    const { memory, overview } = (await client.json({ method: 'GET', path: '/api/v1/model_serving/status' }, Status))
      .body;
    screen.lines(['']);
    screen.fact('models', `${megabytes(body.memory.runners_bytes)} → ${megabytes(memory.runners_bytes)}`, [
      'bold',
      'green',
    ]);
    screen.fact('loaded', `${overview.resident_versions}`);
  },
};

function unloading(modelId: string): Call {
  return { method: 'DELETE', path: `/api/v1/model_serving/models/${modelId}` };
}

async function unloaded(client: Client, modelId: string): Promise<readonly (readonly Cell[])[]> {
  const { versions } = (await client.json({ ...unloading(modelId), method: 'GET' }, Model)).body;
  const gone = (await client.json(unloading(modelId), Unloaded)).body.unloaded;
  return versions
    .filter(({ version }) => gone.includes(version))
    .map(({ version, runner_pid, allocation }) => [
      [`${modelId}@${version}`, 'bold'],
      ended(runner_pid),
      megabytes(fromGigabytes(allocation.measured_memory_gb)),
    ]);
}

/** @throws Unexpected when it goes on */
function ended(pid: number | null): string {
  if (pid === null) return 'none';
  if (isAlive(pid)) throw new Unexpected(`process ${pid} runs on after its model was unloaded`);
  return `${pid} has ended`;
}

/** Signal 0 asks whether there is such a process. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

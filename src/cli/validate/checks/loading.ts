import { tmpdir } from 'node:os';
import { Loaded } from '../../../http/schemas/load.ts';
import { Status } from '../../../http/schemas/status.ts';
import { type Client, Unexpected } from '../../client.ts';
import { milliseconds } from '../../figures.ts';
import { type Group, Skipped } from '../check.ts';

const AT_ONCE = 8;

export const loading: Group = {
  title: 'Loading and caching',
  checks: [
    {
      title: 'A load makes a version ready',
      run: async ({ client, subject }) => {
        await subject.writeFiles();
        const { status } = await client.send(subject.loadCall('1'));
        if (status === 403) throw new Skipped(`it may load no file out of ${tmpdir()} (--allow-source-root)`);
        const { state, version, load_time_ms } = await subject.load('1');
        if (state !== 'ready') throw new Unexpected(`version ${version} is ${state}`);
        return `version ${version} after ${milliseconds(load_time_ms)}`;
      },
    },
    {
      title: 'A second load finds it there',
      needs: 'model',
      run: async ({ client, subject }) => {
        const before = await totals(client);
        const { cache_hit, runner_pid } = await subject.load('1');
        const after = await totals(client);
        if (!cache_hit) throw new Unexpected('it was loaded anew');
        return `cache_hit, process ${runner_pid}; hits ${before.cache_hits} → ${after.cache_hits}, loads ${before.total_loads} → ${after.total_loads}`;
      },
    },
    {
      title: 'Loads at once are one load',
      needs: 'model',
      run: async ({ client, subject }) => {
        const before = await totals(client);
        const call = subject.loadCall('2');
        const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => client.json(call, Loaded)));
        const after = await totals(client);
        const processes = new Set(answers.map(({ body }) => body.runner_pid));
        if (processes.size !== 1) throw new Unexpected(`${AT_ONCE} loads started ${processes.size} processes`);
        return `${AT_ONCE} requests, 1 process; loads ${before.total_loads} → ${after.total_loads}`;
      },
    },
  ],
};

async function totals(client: Client) {
  const { body } = await client.json({ method: 'GET', path: '/api/v1/model_serving/status' }, Status);
  return body.performance_metrics;
}

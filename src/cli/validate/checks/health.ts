import { HealthCheckResult, ModelHealth } from '../../../http/schemas/health.ts';
import { Alive, Health, Ready } from '../../../http/schemas/probes.ts';
import { Unexpected } from '../../client.ts';
import { InferAnswer } from '../../demo/inference.ts';
import { milliseconds } from '../../figures.ts';
import { flowerRequest } from '../../flowers.ts';
import type { Group } from '../check.ts';

export const health: Group = {
  title: 'Health',
  checks: [
    {
      title: 'Probes of the server',
      run: async ({ client }) => {
        const alive = await client.json({ method: 'GET', path: '/livez' }, Alive);
        const ready = await client.json({ method: 'GET', path: '/readyz' }, Ready);
        return `/livez ${alive.body.status}, /readyz ${ready.body.status}, in ${milliseconds(alive.ms + ready.ms)}`;
      },
    },
    {
      title: 'Health for load balancers',
      run: async ({ client }) => {
        const { status, model_serving: of } = (await client.json({ method: 'GET', path: '/health' }, Health)).body;
        return `${status}; ${of.active_versions} versions of ${of.cached_models} models, ${of.healthy_models} healthy; ${of.total_loads} loads, cache hit rate ${of.cache_hit_rate.toFixed(2)}`;
      },
    },
    {
      title: 'Health of a model',
      needs: 'model',
      run: async ({ client, subject }) => {
        const path = `/api/v1/model_serving/health/${subject.modelId}`;
        const { version, state, health: report } = (await client.json({ method: 'GET', path }, ModelHealth)).body;
        if (report.status === 'unhealthy') throw new Unexpected(`version ${version} is ${state}, ${report.status}`);
        return `version ${version} is ${state}, ${report.status}`;
      },
    },
    {
      title: 'Every check of it, now',
      needs: 'model',
      run: async ({ client, subject }) => {
        const path = `/api/v1/model_serving/health_check/${subject.modelId}`;
        const { status, versions } = (await client.json({ method: 'POST', path }, HealthCheckResult)).body;
        const checks = versions.flatMap(({ health: report }) => report.checks);
        const words = checks.map(({ name, status: result }) => `${name} ${result}`).join(', ');
        if (status !== 'healthy') throw new Unexpected(`${status}: ${words}`);
        return `${status}: ${words}`;
      },
    },
    {
      title: 'A killed process comes back',
      needs: 'own',
      run: async ({ client, subject }) => {
        const serving = (await subject.look()).versions.find((version) => version.serving);
        if (serving?.runner_pid == null) throw new Unexpected('there is no process to kill');
        process.kill(serving.runner_pid, 'SIGKILL');
        const call = {
          method: 'POST',
          path: `/v2/models/${subject.modelId}/infer`,
          body: flowerRequest([5.1, 3.8, 1.6, 0.2]),
        } as const;
        const { ms } = await client.json(call, InferAnswer);
        const after = (await subject.look()).versions.find((version) => version.serving);
        const restarts = (after?.statistics.restarts ?? 0) - serving.statistics.restarts;
        if (restarts < 1) throw new Unexpected('it was not started anew');
        return `process ${serving.runner_pid} → ${after?.runner_pid}; the next request was answered after ${milliseconds(ms)}`;
      },
    },
  ],
};

import { Metrics } from '../../../http/schemas/status.ts';
import type { Call } from '../../call.ts';
import { fromGigabytes, megabytes, milliseconds } from '../../figures.ts';
import type { Cell } from '../../screen.ts';
import type { Step } from '../step.ts';

const CALL: Call = { method: 'GET', path: '/api/v1/model_serving/metrics' };

export const lookInside: Step = {
  title: 'Look inside',
  why: 'Requests, latencies and memory of every version, as JSON here and for Prometheus at /metrics.',
  play: async ({ screen, client }) => {
    screen.curl(client.url, CALL);
    const { body } = await client.json(CALL, Metrics);
    screen.table(
      ['version', 'requests', 'failed', 'p50', 'p99', 'runs', 'restarts', 'memory'],
      body.versions.map(({ model_id, version, measured_memory_gb, statistics }): readonly Cell[] => {
        const failed = Object.values(statistics.failed).reduce((sum, count) => sum + count, 0);
        return [
          [`${model_id}@${version}`, 'bold'],
          `${statistics.succeeded + failed}`,
          `${failed}`,
          milliseconds(statistics.latency.total.p50_ms),
          milliseconds(statistics.latency.total.p99_ms),
          `${statistics.executions}`,
          `${statistics.restarts}`,
          [megabytes(fromGigabytes(measured_memory_gb)), 'green'],
        ];
      }),
      [1, 2, 3, 4, 5, 6, 7],
    );
    screen.lines(['']);
    const { runners_bytes, front_bytes } = body.memory;
    screen.fact(
      'memory',
      `${megabytes(runners_bytes)} for the models, ${megabytes(front_bytes)} for the server itself`,
    );
  },
};

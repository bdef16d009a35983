import type { z } from 'zod';
import { Metrics } from '../../../http/schemas/status.ts';
import type { Call } from '../../call.ts';
import { type Client, Unexpected } from '../../client.ts';
import { curlLines } from '../../curl.ts';
import { bar, milliseconds } from '../../figures.ts';
import { InferAnswer } from '../inference.ts';
import type { Step } from '../step.ts';

const REQUESTS = 256;

const LOOK: Call = { method: 'GET', path: '/api/v1/model_serving/metrics' };
const ASK: Call = {
  method: 'POST',
  path: '/v2/models/iris/infer',
  body: JSON.stringify({
    inputs: [{ name: 'measurements', datatype: 'FP32', shape: [1, 4], data: [5.6, 2.7, 4.2, 1.3] }],
  }),
};

export const askAllAtOnce: Step = {
  title: 'Ask all at once',
  why: `${REQUESTS} clients ask at the same moment: whatever waits while the model runs becomes its next batch.`,
  play: async ({ screen, client }) => {
    screen.command([`$ for i in $(seq ${REQUESTS}); do`, ...curlLines(client.url, ASK).map(inLoop), '  done; wait']);
    const before = await statistics(client);
    const beganAt = performance.now();
    await Promise.all(Array.from({ length: REQUESTS }, () => client.json(ASK, InferAnswer)));
    const ms = performance.now() - beganAt;
    const after = await statistics(client);
    const runs = after.executions - before.executions;
    screen.fact('answered', `${after.succeeded - before.succeeded} of ${REQUESTS} in ${milliseconds(ms)}`, [
      'bold',
      'green',
    ]);
    screen.fact('runs', `${runs} of the model, ${(REQUESTS / runs).toFixed(1)} requests each on average`);
    screen.lines(['']);
    const sizes = Object.entries(after.batch_sizes)
      .map(([size, count]) => ({ size: Number(size), count: count - (before.batch_sizes[size] ?? 0) }))
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => a.size - b.size);
    const most = Math.max(...sizes.map(({ count }) => count));
    screen.table(
      ['batch of', 'runs'],
      sizes.map(({ size, count }) => [`${size}`, `${`${count}`.padStart(4)}  ${bar(count / most, 40)}`]),
      [0],
    );
  },
};

function inLoop(line: string, index: number, all: readonly string[]): string {
  return `${line.replace(/^\$/, ' ')}${index === all.length - 1 ? ' &' : ''}`;
}

async function statistics(client: Client): Promise<z.output<typeof Metrics>['versions'][number]['statistics']> {
  const { body } = await client.json(LOOK, Metrics);
  const iris = body.versions.find((version) => version.model_id === 'iris');
  if (iris === undefined) throw new Unexpected('iris has no statistics');
  return iris.statistics;
}

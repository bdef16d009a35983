import { DryRun } from '../../../http/schemas/dry-run.ts';
import { Problem } from '../../../http/schemas/errors.ts';
import { Status } from '../../../http/schemas/status.ts';
import { Unexpected } from '../../client.ts';
import { megabytes } from '../../figures.ts';
import type { Group } from '../check.ts';

const LLAMA = {
  model_id: 'meta-llama/Meta-Llama-3.1-8B',
  dry_run: true,
  ...{ parameters: 8.03e9, dtype: 'bf16', layers: 32, kv_heads: 8, head_size: 128, context_length: 8192 },
};

export const allocation: Group = {
  title: 'Resource-aware allocation',
  checks: [
    {
      title: 'A dry run tells what a load would need',
      run: async ({ client }) => {
        const call = {
          method: 'POST',
          path: '/api/v1/model_serving/load',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(LLAMA),
        } as const;
        const { needed_bytes, free_bytes, admitted, allocation: of } = (await client.json(call, DryRun)).body;
        const { status } = await client.send({
          method: 'GET',
          path: `/api/v1/model_serving/models/${encodeURIComponent(LLAMA.model_id)}`,
        });
        if (status === 200) throw new Unexpected('the model is known after it');
        return `8 billion weights in bf16: ${megabytes(needed_bytes)} needed, ${of.allocation_strategy}; ${megabytes(free_bytes)} free, ${admitted ? 'admitted' : 'not admitted'}`;
      },
    },
    {
      title: 'A version tells its allocation',
      needs: 'model',
      run: async ({ subject }) => {
        const [version] = (await subject.look()).versions;
        const { total_estimated_gb, reserved_memory_gb, measured_memory_gb, parameter_count } =
          version?.allocation ?? {};
        if (total_estimated_gb == null || parameter_count == null) throw new Unexpected('there is no estimate');
        if (measured_memory_gb == null && process.platform === 'linux') throw new Unexpected('nothing was measured');
        return `${parameter_count} weights; estimated ${gigabytes(total_estimated_gb)}, reserved ${gigabytes(reserved_memory_gb)}, measured ${gigabytes(measured_memory_gb)}`;
      },
    },
    {
      title: 'The budget adds up',
      run: async ({ client }) => {
        const { memory } = (await client.json({ method: 'GET', path: '/api/v1/model_serving/status' }, Status)).body;
        const { budget_bytes, used_bytes, reserved_bytes, free_bytes, over_budget_bytes } = memory;
        const isOver = used_bytes + reserved_bytes > budget_bytes;
        if (isOver !== over_budget_bytes > 0 || free_bytes > budget_bytes) throw new Unexpected(JSON.stringify(memory));
        return `${megabytes(used_bytes)} used and ${megabytes(reserved_bytes)} reserved of ${megabytes(budget_bytes)}, ${megabytes(free_bytes)} free`;
      },
    },
    {
      title: 'What can not fit is refused with 507',
      needs: 'model',
      run: async ({ client, subject }) => {
        const { body } = await client.json(subject.loadCall('4'), Problem, 507);
        const { versions } = await subject.look();
        const left = versions.find(({ version, state }) => version === '4' && state !== 'absent' && state !== 'failed');
        if (left !== undefined) throw new Unexpected(`version 4 is ${left.state}`);
        return body.detail;
      },
    },
  ],
};

function gigabytes(gb: number | null | undefined): string {
  return megabytes(gb == null ? null : gb * 1e9);
}

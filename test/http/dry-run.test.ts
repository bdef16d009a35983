import { expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { start } from '../helpers/http/start.ts';

const URL = '/api/v1/model_serving/load';
const LLAMA = {
  model_id: 'meta-llama/Meta-Llama-3.1-8B',
  dry_run: true,
  parameters: 8.03e9,
  dtype: 'bf16',
  layers: 32,
  kv_heads: 8,
  head_size: 128,
  context_length: 8192,
};

async function dryRun(payload: object) {
  await using server = await start();
  const response = await server.app.inject({ method: 'POST', url: URL, payload });
  return { response, body: response.json(), serving: server.serving };
}

test('a model that is only described is sized by its figures', async () => {
  const { response, body, serving } = await dryRun(LLAMA);
  expect(response.statusCode).toBe(200);
  expect(body).toMatchObject({
    model_id: 'meta-llama/Meta-Llama-3.1-8B',
    version: null,
    dry_run: true,
    basis: 'estimated',
    admitted: true,
    would_evict: ['old@1'],
    allocation: {
      weight_gb: 16.06,
      cache_memory_gb: 1.073741824,
      dtesn_memory_gb: 0,
      allocation_strategy: 'small_model',
      dtype_optimization: 'bf16',
      parameter_count: 8_030_000_000,
    },
  });
  expect(serving.loads).toEqual([]);
});

test('a model that is here is looked at', async () => {
  const { response, body, serving } = await dryRun({ model_id: 'iris', dry_run: true, options: { max_batch_size: 8 } });
  expect(response.statusCode).toBe(200);
  expect(body).toMatchObject({ model_id: 'iris', version: '1', resident: false, budget_bytes: 5_600_000_000 });
  expect(serving.dryRuns).toMatchObject([{ modelId: 'iris', options: { maxBatchSize: 8 }, description: undefined }]);
  expect(serving.loads).toEqual([]);
});

test.each([
  ['a description without its type', { ...LLAMA, dtype: undefined }, '"parameters" and "dtype"'],
  ['a type that there is not', { ...LLAMA, dtype: 'float17' }, 'Unknown dtype "float17"'],
  ['a cache that can not be sized', { ...LLAMA, layers: undefined }, 'without layers'],
  ['a description for a load', { ...LLAMA, dry_run: false }, '"parameters" describes a model for a dry run'],
  ['a source', { model_id: 'iris', dry_run: true, source: 'x' }, '"source" can not be looked at'],
])('%s is refused with what to do', async (_, payload, reason) => {
  const { response, body } = await dryRun(payload);
  expect(response.statusCode).toBe(400);
  expect(body.detail).toContain(reason);
});

test('a load that does not fit tells what was needed, what is free and who holds the rest', async () => {
  await using server = await start();
  const holders = [{ model: 'old@1', bytes: 4e9, reason: 'pinned' }];
  server.serving.failure = new AppError('insufficient_memory', 'iris@1 needs 3.00 GB.', {
    next: 'Unload or unpin what holds the rest.',
    details: { needed_bytes: 3e9, free_bytes: 1e9, could_be_freed_bytes: 0, holders },
  });
  const response = await server.app.inject({ method: 'POST', url: URL, payload: { model_id: 'iris' } });
  expect(response.statusCode).toBe(507);
  expect(response.json()).toMatchObject({
    type: 'urn:echoserve:error:insufficient_memory',
    needed_bytes: 3e9,
    free_bytes: 1e9,
    could_be_freed_bytes: 0,
    holders,
  });
});

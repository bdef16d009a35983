import { z } from 'zod';
import { WEIGHT_DTYPES } from '../../core/memory/weight-dtype.ts';

const gb = (description: string) => z.number().meta({ description: `${description} In 10⁹ bytes.` });

const model = gb('Weights once loaded: as stored, times the load factor.');
const cache = gb(
  'Key/value cache of a decoder, else the largest input or output at the largest batch; and the states of `max_sequences`.',
);
const dtesn = gb('What an attached deep tree echo state network needs.');
const total = gb('The sum, and what a process needs by itself.');
const weights = gb('Weights as they are stored.');
const strategy = z.enum(['small_model', 'medium_model', 'large_model']);
const dtype = z.enum(WEIGHT_DTYPES).meta({ description: 'What most weights are kept in.' });

/** Who decided how many threads a process has. */
export const ThreadsFrom = z.enum(['model', 'server', 'chosen']).meta({
  description:
    'Who decided: the options of the model or its load, `--intra-op-threads`, or nobody, so that it was chosen.',
});

/** What a version is expected to need. */
export const Estimate = z
  .object({
    model_memory_gb: model,
    cache_memory_gb: cache,
    dtesn_memory_gb: dtesn,
    total_estimated_gb: total,
    allocation_strategy: strategy,
    dtype_optimization: dtype,
    parameter_count: z.int(),
    weight_gb: weights,
  })
  .meta({ id: 'Estimate' });

/** The same, null where it is not known, with what was measured. */
export const Allocation = z
  .object({
    model_memory_gb: model.nullable(),
    cache_memory_gb: cache.nullable(),
    dtesn_memory_gb: dtesn.nullable(),
    total_estimated_gb: total.nullable(),
    allocation_strategy: strategy.nullable(),
    dtype_optimization: dtype.nullable(),
    parameter_count: z.int().nullable(),
    weight_gb: weights.nullable(),
    reserved_memory_gb: gb('Held for it in the budget: as estimated, or as measured where that was more.').nullable(),
    measured_memory_gb: gb("The runner's share of memory as last measured.").nullable(),
    peak_memory_gb: gb('The most that was ever resident.').nullable(),
    shared_memory_gb: gb('Saved by sharing weights with other processes, as last measured.').nullable(),
    max_batch_size: z.int(),
    max_queue_delay_us: z.int(),
    preferred_batch_sizes: z.array(z.int()),
    instances: z.int().meta({ description: 'Processes that run it side by side; all of this is of all of them.' }),
    intra_op_threads: z.int().nullable().meta({ description: 'Threads of each of its processes.' }),
    intra_op_threads_from: ThreadsFrom.nullable(),
    share_weights: z.boolean(),
  })
  .meta({ id: 'Allocation' });

import { z } from 'zod';
import { DATATYPES } from '../../core/tensor/datatype.ts';
import { Allocation } from './allocation.ts';
import { TensorMetadata, Timestamp } from './common.ts';
import { HealthReport } from './health.ts';
import { Statistics } from './statistics.ts';

export const VERSION_STATES = ['absent', 'loading', 'ready', 'draining', 'failed'] as const;

export const RunnerPids = z
  .array(z.int())
  .meta({ description: 'Its processes, as many as `instances` while none is being started again.' });

export const Progress = z
  .object({
    phase: z.enum(['fetching', 'waiting', 'preparing', 'starting', 'warming_up', 'restarting']),
    bytes_done: z.int().nullable(),
    bytes_total: z.int().nullable(),
  })
  .meta({ id: 'LoadProgress' });

const Stateful = z
  .object({
    tensors: z
      .array(z.object({ input: z.string(), output: z.string(), datatype: z.enum(DATATYPES), shape: z.array(z.int()) }))
      .meta({ description: 'What its manifest declares. They are not among `inputs` and `outputs`.' }),
    open_sequences: z.int().meta({ description: 'Sequences of which it has the state.' }),
    max_sequences: z.int(),
    sequence_idle_ms: z.int(),
  })
  .meta({ id: 'Stateful' });

export const ModelVersion = z
  .object({
    model_id: z.string(),
    version: z.string(),
    state: z.enum(VERSION_STATES),
    reason: z.string().nullable().meta({ description: 'Why it failed.' }),
    progress: Progress.nullable(),
    last_exit: z.string().nullable().meta({ description: 'How the last of its processes that ended unasked did so.' }),
    serving: z.boolean().meta({ description: "Whether the model's unpinned traffic goes to it." }),
    weight: z.number().meta({ description: "Its share of the model's unpinned traffic, 0 to 1." }),
    pinned: z.boolean(),
    source: z.string().nullable(),
    digest: z.string().nullable(),
    producer: z.string().nullable(),
    opsets: z.record(z.string(), z.int()),
    rewrites: z.array(z.string()).meta({ description: 'What was changed in the graph so that it can be served.' }),
    batchable: z.boolean().meta({ description: 'Whether requests may share a run.' }),
    unbatchable_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why requests do not share a run, where their shapes would allow it.' }),
    inputs: z.array(TensorMetadata),
    outputs: z.array(TensorMetadata),
    stateful: Stateful.nullable().meta({ description: 'Of a model that carries states from run to run.' }),
    allocation: Allocation,
    health: HealthReport,
    statistics: Statistics,
    runner_pid: z.int().nullable().meta({ description: 'The first of `runner_pids`.' }),
    runner_pids: RunnerPids,
    loaded_at: Timestamp.nullable(),
    load_time_ms: z.number().nullable(),
  })
  .meta({ id: 'ModelVersion' });

export const Unloaded = z.object({ model_id: z.string(), unloaded: z.array(z.string()) }).meta({ id: 'Unloaded' });

import { z } from 'zod';
import { Estimate } from './allocation.ts';

/** A model that is described, not given. */
export const DESCRIPTION_FIELDS = {
  parameters: z.number().min(1).optional().meta({ description: 'Number of weights: 8.03e9, not a size in bytes.' }),
  dtype: z.string().min(1).max(40).optional().meta({ description: 'What the weights are kept in: bf16, int8, int4 …' }),
  context_length: z.int().min(1).optional().meta({ description: 'Tokens that the key/value cache is to hold.' }),
  layers: z.int().min(1).optional(),
  kv_heads: z.int().min(1).optional(),
  head_size: z.int().min(1).optional(),
  sequences: z.int().min(1).optional().meta({ description: 'Sequences at once. Default 1.' }),
};

// Object.keys has lost the literal types of an object whose keys are known.
export const DESCRIPTION_NAMES = Object.keys(DESCRIPTION_FIELDS) as readonly (keyof typeof DESCRIPTION_FIELDS)[];

export const DryRun = z
  .object({
    model_id: z.string(),
    version: z.string().nullable().meta({ description: 'Null for a model that is only described.' }),
    dry_run: z.literal(true),
    resident: z.boolean().meta({ description: 'It is in memory already: a load would find it there.' }),
    allocation: Estimate,
    needed_bytes: z.int().meta({ description: 'What a load would reserve.' }),
    basis: z.enum(['measured', 'estimated']).meta({
      description: 'Whether this file was measured with these options before, or is estimated.',
    }),
    admitted: z.boolean().meta({ description: 'Whether it would be loaded now.' }),
    would_evict: z.array(z.string()).meta({ description: 'Idle versions that would have to go, least recent first.' }),
    budget_bytes: z.int(),
    free_bytes: z.int(),
    could_be_freed_bytes: z.int().meta({ description: 'What idle versions hold that may be evicted.' }),
    holders: z
      .array(z.object({ model: z.string(), bytes: z.int(), reason: z.string() }))
      .meta({ description: 'Who holds memory that can not be freed now, and why.' }),
  })
  .meta({ id: 'DryRun' });

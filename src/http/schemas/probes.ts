import { z } from 'zod';
import { Memory } from './status.ts';

export const Alive = z.object({ status: z.literal('alive') }).meta({ id: 'Alive' });
export const Ready = z.object({ status: z.literal('ready') }).meta({ id: 'Ready' });

export const Health = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({
      description: 'degraded: the server takes traffic, but a resident version failed or is unhealthy.',
    }),
    reason: z.string().nullable(),
    model_serving: z.object({
      enabled: z.boolean(),
      cached_models: z.int().meta({ description: 'Models with a resident version.' }),
      active_versions: z.int(),
      healthy_models: z.int().meta({ description: 'Models whose serving version is healthy.' }),
      total_loads: z.int(),
      cache_hit_rate: z.number(),
      engine_integrated: z.boolean(),
    }),
    memory: Memory,
    rollouts: z.int().meta({ description: 'Updates that are under way.' }),
  })
  .meta({ id: 'Health' });

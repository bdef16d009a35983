import { z } from 'zod';
import { Timestamp } from './common.ts';

const Latency = z.object({
  count: z.int(),
  sum_ms: z.number(),
  p50_ms: z.number().nullable(),
  p90_ms: z.number().nullable(),
  p99_ms: z.number().nullable().meta({ description: 'An upper bound; null when it lies past the last bucket.' }),
});

const LatencyWithBuckets = Latency.extend({
  buckets: z.array(z.object({ le_ms: z.union([z.number(), z.literal('+Inf')]), count: z.int() })),
});

function stages<Summary extends z.ZodType>(summary: Summary) {
  return z.object({ total: summary, queue: summary, decode: summary, compute: summary, encode: summary });
}

export const Statistics = z
  .object({
    succeeded: z.int(),
    failed: z.record(z.string(), z.int()).meta({ description: 'Failures by error code.' }),
    in_flight: z.int(),
    executions: z.int().meta({ description: 'Runs of the model; requests can share one.' }),
    batch_sizes: z.record(z.string(), z.int()).meta({ description: 'How many runs had how many requests.' }),
    restarts: z.int(),
    last_request_at: Timestamp.nullable(),
    latency: stages(Latency),
  })
  .meta({ id: 'Statistics' });

export const DetailedStatistics = Statistics.extend({ latency: stages(LatencyWithBuckets) }).meta({
  id: 'DetailedStatistics',
});

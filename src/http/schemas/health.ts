import { z } from 'zod';
import { Timestamp } from './common.ts';

const HEALTH_STATUS = z.enum(['healthy', 'unhealthy', 'unknown']);

export const HealthReport = z
  .object({
    status: HEALTH_STATUS,
    last_check: Timestamp.nullable(),
    checks: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['passed', 'failed', 'skipped']),
        detail: z.string(),
        duration_ms: z.number(),
      }),
    ),
  })
  .meta({ id: 'HealthReport' });

export const ModelHealth = z
  .object({
    model_id: z.string(),
    version: z.string(),
    state: z.string(),
    reason: z.string().nullable(),
    health: HealthReport,
  })
  .meta({ id: 'ModelHealth' });

export const HealthCheckResult = z
  .object({
    model_id: z.string(),
    status: HEALTH_STATUS.meta({ description: 'The worst of the versions.' }),
    versions: z.array(z.object({ version: z.string(), health: HealthReport })),
  })
  .meta({ id: 'HealthCheckResult' });

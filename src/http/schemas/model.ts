import { z } from 'zod';
import { HealthReport } from './health.ts';
import { ModelVersion, Progress, RunnerPids, VERSION_STATES } from './model-version.ts';

const ModelHead = z.object({
  model_id: z.string(),
  description: z.string().nullable(),
  serving_version: z.string().nullable(),
  previous_version: z.string().nullable().describe('The version that served before an update, to be rolled back to.'),
  latest_version: z.string().nullable(),
  traffic: z
    .array(z.object({ version: z.string(), weight: z.number() }))
    .meta({ description: 'Which versions the unpinned traffic goes to.' }),
  rollout: z.string().nullable().meta({ description: 'The update that is under way.' }),
});

const VersionSummary = z.object({
  version: z.string(),
  state: z.enum(VERSION_STATES),
  reason: z.string().nullable(),
  progress: Progress.nullable(),
  serving: z.boolean(),
  weight: z.number(),
  pinned: z.boolean(),
  runner_pids: RunnerPids,
  health: HealthReport.shape.status,
});

export const Model = ModelHead.extend({ versions: z.array(ModelVersion) }).meta({ id: 'Model' });

export const ModelList = z
  .object({ models: z.array(ModelHead.extend({ versions: z.array(VersionSummary) })) })
  .meta({ id: 'ModelList' });

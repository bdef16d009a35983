import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentModelStatistics } from '../../presenters/triton.ts';
import { ModelParams, VersionParams } from '../../schemas/common.ts';
import { EVERY_ROUTE, MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { ModelStatistics } from '../../schemas/triton.ts';
import { MODEL_PATHS } from './model-paths.ts';
import { modelTarget } from './model-target.ts';

const CONFIG = { access: ['infer', 'metrics'], quiet: true } as const;
const TAGS = ['triton extensions'];

/** Triton's statistics extension. */
export function statsRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  app.get(
    '/models/stats',
    {
      config: CONFIG,
      schema: {
        tags: TAGS,
        operationId: 'allModelStatistics',
        summary: 'The statistics of every resident version',
        response: { 200: ModelStatistics, ...openInferenceErrors(...EVERY_ROUTE) },
      },
    },
    () => presentModelStatistics(serving.residentVersions()),
  );

  for (const { path, hasVersion } of MODEL_PATHS) {
    app.get(
      `${path}/stats`,
      {
        config: CONFIG,
        schema: {
          tags: TAGS,
          operationId: hasVersion ? 'modelVersionStatistics' : 'modelStatistics',
          summary: "A model's statistics",
          params: hasVersion ? VersionParams : ModelParams,
          response: { 200: ModelStatistics, ...openInferenceErrors(...MODEL_READ) },
        },
      },
      async (request) => {
        const { modelId, version } = modelTarget(request.params);
        const named = await serving.describeVersion(modelId, version);
        if (version !== undefined) return presentModelStatistics([named]);
        const resident = serving.residentVersions().filter((view) => view.modelId === modelId);
        return presentModelStatistics(resident.length === 0 ? [named] : resident);
      },
    );
  }
}

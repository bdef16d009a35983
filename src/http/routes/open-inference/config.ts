import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentConfig } from '../../presenters/triton.ts';
import { ModelParams, VersionParams } from '../../schemas/common.ts';
import { MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { ModelConfig } from '../../schemas/triton.ts';
import { MODEL_PATHS } from './model-paths.ts';
import { modelTarget } from './model-target.ts';

/** Triton's model configuration extension. */
export function configRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  for (const { path, hasVersion } of MODEL_PATHS) {
    app.get(
      `${path}/config`,
      {
        config: { access: ['infer'], quiet: true },
        schema: {
          tags: ['triton extensions'],
          operationId: hasVersion ? 'modelVersionConfig' : 'modelConfig',
          summary: 'How a model is served, as a Triton model configuration',
          params: hasVersion ? VersionParams : ModelParams,
          response: { 200: ModelConfig, ...openInferenceErrors(...MODEL_READ) },
        },
      },
      async (request) => {
        const { modelId, version } = modelTarget(request.params);
        return presentConfig(await serving.describeVersion(modelId, version));
      },
    );
  }
}

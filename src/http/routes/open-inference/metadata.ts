import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentMetadata } from '../../presenters/open-inference.ts';
import { ModelParams, VersionParams } from '../../schemas/common.ts';
import { MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { ModelMetadata } from '../../schemas/open-inference.ts';
import { MODEL_PATHS } from './model-paths.ts';
import { modelTarget } from './model-target.ts';

export function metadataRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  for (const { path, hasVersion } of MODEL_PATHS) {
    app.get(
      path,
      {
        config: { access: ['infer'], quiet: true },
        schema: {
          tags: ['open inference'],
          operationId: hasVersion ? 'modelVersionMetadata' : 'modelMetadata',
          summary: "A model's versions, inputs and outputs",
          params: hasVersion ? VersionParams : ModelParams,
          response: { 200: ModelMetadata, ...openInferenceErrors(...MODEL_READ) },
        },
      },
      async (request) => {
        const { modelId, version } = modelTarget(request.params);
        const [model, view] = await Promise.all([
          serving.describeModel(modelId),
          serving.describeVersion(modelId, version),
        ]);
        return presentMetadata(model, view);
      },
    );
  }
}

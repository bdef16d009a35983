import type { ModelServing } from '../../../serving/service.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { ModelParams, VersionParams } from '../../schemas/common.ts';
import { MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { ModelReady } from '../../schemas/open-inference.ts';
import { MODEL_PATHS } from './model-paths.ts';
import { modelTarget } from './model-target.ts';

export function readinessRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  for (const { path, hasVersion } of MODEL_PATHS) {
    app.get(
      `${path}/ready`,
      {
        config: { access: ['infer'], quiet: true },
        schema: {
          tags: ['open inference'],
          operationId: hasVersion ? 'modelVersionReady' : 'modelReady',
          summary: 'Whether it can answer now, or by loading on demand',
          params: hasVersion ? VersionParams : ModelParams,
          response: { 200: ModelReady, 503: ModelReady, ...openInferenceErrors(...MODEL_READ) },
        },
      },
      async (request, reply) => {
        const target = modelTarget(request.params);
        const ready = await canAnswer(serving, target);
        return reply.code(ready ? 200 : 503).send({ name: target.modelId, ready });
      },
    );
  }
}

async function canAnswer(
  serving: ModelServing,
  { modelId, version }: ReturnType<typeof modelTarget>,
): Promise<boolean> {
  const view = await serving.describeVersion(modelId, version);
  if (view.state === 'ready') return true;
  return (await serving.canAnswer?.(modelId, version)) ?? false;
}

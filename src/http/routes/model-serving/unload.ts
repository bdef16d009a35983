import { z } from 'zod';
import { parseModelId } from '../../../core/model/model-id.ts';
import { parseVersion } from '../../../core/model/version.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { ModelParams, VersionText } from '../../schemas/common.ts';
import { MODEL_READ, problems } from '../../schemas/errors.ts';
import { Unloaded } from '../../schemas/model-version.ts';

const UnloadQuery = z.strictObject({ version: VersionText.optional() });

export function unloadRoute(app: ZodApp, { serving }: RouteDependencies): void {
  app.delete(
    '/models/:model_id',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['models'],
        operationId: 'unloadModel',
        summary: 'Drains and unloads one version, or all of a model',
        description:
          'Requests in flight are answered first. What was unloaded is not loaded again until it is asked for.',
        params: ModelParams,
        querystring: UnloadQuery,
        response: { 200: Unloaded, ...problems(...MODEL_READ, 408, 409, 413, 415, 499, 503) },
      },
    },
    async (request, reply) => {
      const { version } = request.query;
      const { modelId, unloaded } = await serving.unload(
        parseModelId(request.params.model_id),
        version === undefined ? undefined : parseVersion(version),
        disconnectSignal(reply.raw),
      );
      return { model_id: modelId, unloaded: [...unloaded] };
    },
  );
}

import { parseModelId } from '../../../core/model/model-id.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentIndex } from '../../presenters/open-inference.ts';
import { ModelParams } from '../../schemas/common.ts';
import { EVERY_ROUTE, JSON_BODY, MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { IndexBody, Nothing, RepositoryBody, RepositoryIndex } from '../../schemas/open-inference.ts';

const TAGS = ['triton extensions'];

/** Triton's model repository extension. */
export function repositoryRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  app.post(
    '/repository/index',
    {
      config: { access: ['admin'] },
      schema: {
        tags: TAGS,
        operationId: 'repositoryIndex',
        summary: 'Every version that is resident or in the repository',
        body: IndexBody,
        response: { 200: RepositoryIndex, ...openInferenceErrors(...EVERY_ROUTE, ...JSON_BODY) },
      },
    },
    async (request) => presentIndex(await serving.listModels(), request.body?.ready ?? false),
  );

  app.post(
    '/repository/models/:model_id/load',
    {
      config: { access: ['admin'] },
      schema: {
        tags: TAGS,
        operationId: 'repositoryLoad',
        summary: 'Loads the latest version',
        params: ModelParams,
        body: RepositoryBody,
        response: {
          200: Nothing,
          ...openInferenceErrors(...MODEL_READ, ...JSON_BODY, 409, 422, 499, 502, 503, 504, 507),
        },
      },
    },
    async (request, reply) => {
      const load = {
        modelId: parseModelId(request.params.model_id),
        version: 'latest',
        source: undefined,
        sha256: undefined,
        options: {},
        pinned: undefined,
        forceReload: false,
        wait: true,
      } as const;
      await serving.load(load, disconnectSignal(reply.raw));
      return {};
    },
  );

  app.post(
    '/repository/models/:model_id/unload',
    {
      config: { access: ['admin'] },
      schema: {
        tags: TAGS,
        operationId: 'repositoryUnload',
        summary: 'Drains and unloads all versions',
        params: ModelParams,
        body: RepositoryBody,
        response: { 200: Nothing, ...openInferenceErrors(...MODEL_READ, ...JSON_BODY, 409, 499, 503) },
      },
    },
    async (request, reply) => {
      await serving.unload(parseModelId(request.params.model_id), undefined, disconnectSignal(reply.raw));
      return {};
    },
  );
}

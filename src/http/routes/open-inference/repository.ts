import { parseModelId } from '../../../core/model/model-id.ts';
import type { RolloutView } from '../../../serving/rollouts/views.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentIndex } from '../../presenters/open-inference.ts';
import { ModelParams } from '../../schemas/common.ts';
import { EVERY_ROUTE, JSON_BODY, MODEL_READ, openInferenceErrors } from '../../schemas/errors.ts';
import { IndexBody, Nothing, RepositoryBody, RepositoryIndex } from '../../schemas/open-inference.ts';

const TAGS = ['triton extensions'];

/** Asking again for what is being done already is no conflict. */
function isUnderWay(rollouts: readonly RolloutView[], version: string | undefined): boolean {
  return rollouts.some((rollout) => rollout.outcome === undefined && rollout.new.version === version);
}

/** Triton's model repository extension. */
export function repositoryRoutes(app: ZodApp, { serving, rollouts }: RouteDependencies): void {
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
        summary: 'Loads the latest version; begins an update to it where an older one serves',
        params: ModelParams,
        body: RepositoryBody,
        response: {
          200: Nothing,
          ...openInferenceErrors(...MODEL_READ, ...JSON_BODY, 409, 422, 499, 502, 503, 504, 507),
        },
      },
    },
    async (request, reply) => {
      const modelId = parseModelId(request.params.model_id);
      const signal = disconnectSignal(reply.raw);
      const { servingVersion, latestVersion } = await serving.describeModel(modelId);
      const latest = { modelId, source: undefined, sha256: undefined, options: {} } as const;
      if (servingVersion === undefined || servingVersion === latestVersion) {
        await serving.load({ ...latest, version: 'latest', pinned: undefined, forceReload: false, wait: true }, signal);
      } else if (!isUnderWay(rollouts.list(modelId), latestVersion)) {
        await rollouts.update({ ...latest, newVersion: 'latest', strategy: {}, supersede: false, wait: false }, signal);
      }
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

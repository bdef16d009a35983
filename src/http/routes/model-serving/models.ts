import { parseModelId } from '../../../core/model/model-id.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentModel, presentModelList } from '../../presenters/model-version.ts';
import { rolloutsUnderWay } from '../../presenters/under-way.ts';
import { ModelParams, NoQuery } from '../../schemas/common.ts';
import { EVERY_ROUTE, MODEL_READ, problems } from '../../schemas/errors.ts';
import { Model, ModelList } from '../../schemas/model.ts';

export function modelsRoutes(app: ZodApp, { serving, rollouts }: RouteDependencies): void {
  app.get(
    '/models',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['models'],
        operationId: 'listModels',
        summary: 'Every model that is resident or in the repository',
        querystring: NoQuery,
        response: { 200: ModelList, ...problems(...EVERY_ROUTE) },
      },
    },
    async () => presentModelList(await serving.listModels(), rolloutsUnderWay(rollouts)),
  );

  app.get(
    '/models/:model_id',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['models'],
        operationId: 'getModel',
        summary: 'One model with all its versions',
        params: ModelParams,
        querystring: NoQuery,
        response: { 200: Model, ...problems(...MODEL_READ) },
      },
    },
    async (request) => {
      const view = await serving.describeModel(parseModelId(request.params.model_id));
      return presentModel(view, rolloutsUnderWay(rollouts).get(view.modelId));
    },
  );
}

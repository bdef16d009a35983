import { z } from 'zod';
import { parseModelId } from '../../../core/model/model-id.ts';
import type { RolloutAction } from '../../../serving/rollouts/views.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentRollout } from '../../presenters/rollout.ts';
import { ModelIdText, NoQuery, Nothing } from '../../schemas/common.ts';
import { EVERY_ROUTE, JSON_BODY, MODEL_READ, problems } from '../../schemas/errors.ts';
import { Rollout, RolloutList, RolloutParams } from '../../schemas/rollout.ts';

const RolloutsQuery = z.strictObject({ model_id: ModelIdText.optional() });

const PromoteBody = z
  .strictObject({
    to_end: z.boolean().default(false).meta({ description: 'true: to the last stage at once, not to the next one.' }),
  })
  .nullish();

const ACTIONS = [
  { type: 'pause', summary: 'Stops the ramp of an update where it is' },
  { type: 'resume', summary: 'Goes on with an update, letting pass what it was paused for' },
  { type: 'abort', summary: 'Rolls an update back' },
] as const;

export function rolloutRoutes(app: ZodApp, dependencies: RouteDependencies): void {
  readRoutes(app, dependencies);
  controlRoutes(app, dependencies);
}

function readRoutes(app: ZodApp, { rollouts }: RouteDependencies): void {
  app.get(
    '/rollouts',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['updates'],
        operationId: 'listRollouts',
        summary: 'Updates that are under way and those that ended last, the latest first',
        querystring: RolloutsQuery,
        response: { 200: RolloutList, ...problems(...EVERY_ROUTE) },
      },
    },
    (request) => {
      const { model_id } = request.query;
      const views = rollouts.list(model_id === undefined ? undefined : parseModelId(model_id));
      return { rollouts: views.map(presentRollout) };
    },
  );

  app.get(
    '/rollouts/:rollout_id',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['updates'],
        operationId: 'getRollout',
        summary: 'Where an update stands, and why',
        params: RolloutParams,
        querystring: NoQuery,
        response: { 200: Rollout, ...problems(...MODEL_READ) },
      },
    },
    (request) => presentRollout(rollouts.describe(request.params.rollout_id)),
  );
}

function controlRoutes(app: ZodApp, { rollouts }: RouteDependencies): void {
  const control = async (id: string, action: RolloutAction) => presentRollout(await rollouts.control(id, action));
  const schema = {
    tags: ['updates'],
    params: RolloutParams,
    querystring: NoQuery,
    response: { 200: Rollout, ...problems(...MODEL_READ, ...JSON_BODY, 409, 503) },
  };
  for (const { type, summary } of ACTIONS) {
    app.post(
      `/rollouts/:rollout_id/${type}`,
      { config: { access: ['admin'] }, schema: { ...schema, operationId: `${type}Rollout`, summary, body: Nothing } },
      (request) => control(request.params.rollout_id, { type }),
    );
  }
  app.post(
    '/rollouts/:rollout_id/promote',
    {
      config: { access: ['admin'] },
      schema: {
        ...schema,
        operationId: 'promoteRollout',
        summary: 'Takes an update to its next stage, or to its last one, now',
        body: PromoteBody,
      },
    },
    (request) => control(request.params.rollout_id, { type: 'promote', toEnd: request.body?.to_end ?? false }),
  );
}

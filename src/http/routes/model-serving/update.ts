import type { z } from 'zod';
import { camelMembers } from '../../../core/casing.ts';
import { AppError } from '../../../core/errors.ts';
import { parseModelId } from '../../../core/model/model-id.ts';
import { parseVersionSelector } from '../../../core/model/version.ts';
import type { RolloutOptions } from '../../../core/rollout/rollout-config.ts';
import type { UpdateRequest } from '../../../serving/rollouts/service.ts';
import { rolloutOptionsOf } from '../../../serving/rollouts/strategy.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentRollback, presentRollout } from '../../presenters/rollout.ts';
import { ModelParams, NoQuery, Nothing } from '../../schemas/common.ts';
import { EVERY_ROUTE, JSON_BODY, MODEL_READ, problems } from '../../schemas/errors.ts';
import { RolledBack, Rollout } from '../../schemas/rollout.ts';
import { UpdateBody } from '../../schemas/update.ts';
import { sourceOf } from './source.ts';

type UpdateFields = z.output<typeof UpdateBody>;

export function updateRoutes(app: ZodApp, { rollouts }: RouteDependencies): void {
  app.post(
    '/update',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['updates'],
        operationId: 'updateModel',
        summary: 'Replaces the version that serves a model, stage by stage, under live traffic',
        description:
          'The answer is 202 with the update and where to look for it, as soon as it has begun. With `wait: true` it is 200, when it has ended.',
        querystring: NoQuery,
        body: UpdateBody,
        response: {
          200: Rollout.describe('The update has ended: its `outcome` tells how.'),
          202: Rollout.describe('The update has begun.'),
          ...problems(...EVERY_ROUTE, ...JSON_BODY, 404, 409, 422, 499, 502, 503, 504, 507),
        },
      },
    },
    async (request, reply) => {
      const update = updateRequest(request.body);
      // Nobody waits for an update in the background: that the connection ends says nothing about it.
      const signal = update.wait ? disconnectSignal(reply.raw) : new AbortController().signal;
      const view = await rollouts.update(update, signal);
      if (!update.wait) reply.code(202);
      reply.header('location', `${app.prefix}/rollouts/${view.id}`);
      return presentRollout(view);
    },
  );

  app.post(
    '/models/:model_id/rollback',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['updates'],
        operationId: 'rollBackModel',
        summary: 'Returns to the version that served a model before',
        description: 'An update that is under way is aborted.',
        params: ModelParams,
        querystring: NoQuery,
        body: Nothing,
        response: { 200: RolledBack, ...problems(...MODEL_READ, ...JSON_BODY, 409, 499, 503, 504, 507) },
      },
    },
    async (request, reply) =>
      presentRollback(await rollouts.rollback(parseModelId(request.params.model_id), disconnectSignal(reply.raw))),
  );
}

function updateRequest(fields: UpdateFields): UpdateRequest {
  return {
    modelId: parseModelId(fields.model_id),
    newVersion: parseVersionSelector(fields.new_version),
    ...sourceOf(fields),
    options: camelMembers(fields.options),
    strategy: strategyOf(fields),
    supersede: fields.supersede,
    wait: fields.wait,
  };
}

/** That nothing is said of failures leaves it to the manifest. */
function strategyOf({ rollback_on_failure, strategy }: UpdateFields): RolloutOptions {
  if (rollback_on_failure) return rolloutOptionsOf(strategy);
  if (strategy.on_failure === 'rollback') {
    throw new AppError(
      'invalid_request',
      '"rollback_on_failure" is false, but "strategy.on_failure" is "rollback": say one of them.',
    );
  }
  return { ...rolloutOptionsOf(strategy), onFailure: 'pause' };
}

import { parseModelId } from '../../../core/model/model-id.ts';
import { disconnectSignal } from '../../disconnect-signal.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentHealthChecks, presentModelHealth } from '../../presenters/health.ts';
import { ModelParams, NoQuery, Nothing } from '../../schemas/common.ts';
import { JSON_BODY, MODEL_READ, problems } from '../../schemas/errors.ts';
import { HealthCheckResult, ModelHealth } from '../../schemas/health.ts';

export function healthRoutes(app: ZodApp, { serving }: RouteDependencies): void {
  app.get(
    '/health/:model_id',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['health'],
        operationId: 'getModelHealth',
        summary: "A model's health as last known",
        params: ModelParams,
        querystring: NoQuery,
        response: { 200: ModelHealth, ...problems(...MODEL_READ) },
      },
    },
    async (request) => presentModelHealth(await serving.health(parseModelId(request.params.model_id))),
  );

  app.post(
    '/health_check/:model_id',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['health'],
        operationId: 'checkModelHealth',
        summary: 'Runs every check of every resident version now',
        params: ModelParams,
        querystring: NoQuery,
        body: Nothing,
        response: { 200: HealthCheckResult, ...problems(...MODEL_READ, ...JSON_BODY, 409, 499, 503, 504) },
      },
    },
    async (request, reply) => {
      const modelId = parseModelId(request.params.model_id);
      return presentHealthChecks(modelId, await serving.checkHealth(modelId, disconnectSignal(reply.raw)));
    },
  );
}

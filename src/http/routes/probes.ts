import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { PROBLEM_DIALECT } from '../errors/dialect.ts';
import { errorHandler } from '../errors/error-handler.ts';
import type { RouteDependencies, ZodApp } from '../options.ts';
import { presentServerHealth } from '../presenters/health.ts';
import { whyNotReady } from '../readiness.ts';
import { EVERY_ROUTE, problems } from '../schemas/errors.ts';
import { Alive, Health, Ready } from '../schemas/probes.ts';

const TAGS = ['probes'];

/** For orchestrators, load balancers and Prometheus. Cheap, and answered while everything else is refused. */
export function probeRoutes(app: ZodApp, dependencies: RouteDependencies): void {
  const { serving, rollouts, options } = dependencies;
  app.setErrorHandler(errorHandler(PROBLEM_DIALECT));
  const config = { access: 'public', quiet: true } as const;

  app.get(
    '/livez',
    {
      config,
      schema: {
        tags: TAGS,
        operationId: 'livez',
        summary: 'The process answers',
        response: { 200: Alive, ...problems(403, 500) },
      },
    },
    () => ({ status: 'alive' as const }),
  );

  app.get(
    '/readyz',
    {
      config,
      schema: {
        tags: TAGS,
        operationId: 'readyz',
        summary: '200 unless the server drains or a required model is not ready',
        response: { 200: Ready, ...problems(403, 500, 503) },
      },
    },
    () => {
      const reason = whyNotReady(dependencies);
      if (reason !== undefined) {
        throw new AppError(options.isDraining() ? 'draining' : 'not_ready', `Not ready: ${reason}.`);
      }
      return { status: 'ready' as const };
    },
  );

  app.get(
    '/health',
    {
      config,
      schema: {
        tags: TAGS,
        operationId: 'health',
        summary: 'Health for load balancers, with the figures that dashboards show first',
        response: { 200: Health, 503: Health, ...problems(403, 500) },
      },
    },
    (_request, reply) => {
      const health = presentServerHealth(serving, rollouts, whyNotReady(dependencies));
      reply.code(health.status === 'unhealthy' ? 503 : 200);
      return health;
    },
  );

  app.get(
    '/metrics',
    {
      config: { access: ['metrics'], quiet: true },
      schema: {
        tags: TAGS,
        operationId: 'prometheus',
        summary: 'Prometheus metrics',
        response: {
          200: { description: 'The exposition format.', content: { 'text/plain': { schema: z.string() } } },
          ...problems(...EVERY_ROUTE),
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await options.renderMetrics();
      return reply.header('content-type', contentType).send(text);
    },
  );
}

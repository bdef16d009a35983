import type { RouteDependencies, ZodApp } from '../../options.ts';
import { presentMetrics, presentStatus } from '../../presenters/status.ts';
import { NoQuery } from '../../schemas/common.ts';
import { EVERY_ROUTE, problems } from '../../schemas/errors.ts';
import { Metrics, Status } from '../../schemas/status.ts';

export function statusRoutes(app: ZodApp, { serving, rollouts }: RouteDependencies): void {
  app.get(
    '/status',
    {
      config: { access: ['admin'] },
      schema: {
        tags: ['status'],
        operationId: 'getStatus',
        summary: 'The server, its engine, its models and its memory at a glance',
        querystring: NoQuery,
        response: { 200: Status, ...problems(...EVERY_ROUTE) },
      },
    },
    async () => presentStatus(await serving.status(), rollouts),
  );

  app.get(
    '/metrics',
    {
      config: { access: ['metrics'], quiet: true },
      schema: {
        tags: ['status'],
        operationId: 'getMetrics',
        summary: 'Counters, latencies and memory of every resident version, as JSON',
        querystring: NoQuery,
        response: { 200: Metrics, ...problems(...EVERY_ROUTE) },
      },
    },
    () => presentMetrics(serving, rollouts.counters()),
  );
}

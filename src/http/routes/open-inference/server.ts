import type { RouteDependencies, ZodApp } from '../../options.ts';
import { whyNotReady } from '../../readiness.ts';
import { EVERY_ROUTE, openInferenceErrors } from '../../schemas/errors.ts';
import { Live, ServerMetadata, ServerReady } from '../../schemas/open-inference.ts';

/** What is implemented, by Triton's names. */
const EXTENSIONS = ['binary_tensor_data', 'classification', 'model_configuration', 'model_repository', 'statistics'];

export function serverRoutes(app: ZodApp, dependencies: RouteDependencies): void {
  const tags = ['open inference'];

  app.get(
    '/',
    {
      config: { access: ['infer'], quiet: true },
      schema: {
        tags,
        operationId: 'serverMetadata',
        summary: 'The server, and which extensions of the protocol it has',
        response: { 200: ServerMetadata, ...openInferenceErrors(...EVERY_ROUTE) },
      },
    },
    () => ({ name: 'echoserve', version: dependencies.options.version, extensions: EXTENSIONS }),
  );

  app.get(
    '/health/live',
    {
      config: { access: 'public', quiet: true },
      schema: {
        tags,
        operationId: 'serverLive',
        summary: 'The process answers',
        response: { 200: Live, ...openInferenceErrors(403, 500) },
      },
    },
    () => ({ live: true }),
  );

  app.get(
    '/health/ready',
    {
      config: { access: 'public', quiet: true },
      schema: {
        tags,
        operationId: 'serverReady',
        summary: 'Whether the server takes traffic',
        response: { 200: ServerReady, 503: ServerReady, ...openInferenceErrors(403, 500) },
      },
    },
    (_request, reply) => {
      const ready = whyNotReady(dependencies) === undefined;
      reply.code(ready ? 200 : 503);
      return { ready };
    },
  );
}

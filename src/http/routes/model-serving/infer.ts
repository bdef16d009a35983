import { inferRoutes } from '../../infer/infer-routes.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { problems } from '../../schemas/errors.ts';
import { inferSchema } from '../../schemas/inference.ts';

export async function inferRoute(app: ZodApp, dependencies: RouteDependencies): Promise<void> {
  await inferRoutes(app, dependencies, [
    {
      url: '/models/:model_id/infer',
      schema: inferSchema({
        operationId: 'infer',
        summary: 'An inference, with the body of the Open Inference Protocol',
        hasVersion: false,
        errors: problems,
      }),
    },
  ]);
}

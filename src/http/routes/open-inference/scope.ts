import { OPEN_INFERENCE_DIALECT } from '../../errors/dialect.ts';
import { errorHandler } from '../../errors/error-handler.ts';
import { refuseUnknownRoute } from '../../errors/not-found.ts';
import { inferRoutes } from '../../infer/infer-routes.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { addUntypedJsonBodies } from '../../plugins/json-body.ts';
import { addRequestLog } from '../../plugins/request-context.ts';
import { openInferenceErrors } from '../../schemas/errors.ts';
import { inferSchema } from '../../schemas/inference.ts';
import { configRoutes } from './config.ts';
import { metadataRoutes } from './metadata.ts';
import { MODEL_PATHS } from './model-paths.ts';
import { readinessRoutes } from './readiness.ts';
import { repositoryRoutes } from './repository.ts';
import { serverRoutes } from './server.ts';
import { statsRoutes } from './stats.ts';

/** The Open Inference Protocol, with Triton's extensions. */
export async function openInferenceScope(app: ZodApp, dependencies: RouteDependencies): Promise<void> {
  app.setErrorHandler(errorHandler(OPEN_INFERENCE_DIALECT));
  app.setNotFoundHandler(refuseUnknownRoute);
  addRequestLog(app);
  addUntypedJsonBodies(app);
  serverRoutes(app, dependencies);
  metadataRoutes(app, dependencies);
  readinessRoutes(app, dependencies);
  configRoutes(app, dependencies);
  statsRoutes(app, dependencies);
  repositoryRoutes(app, dependencies);
  await inferRoutes(
    app,
    dependencies,
    MODEL_PATHS.map(({ path, hasVersion }) => ({
      url: `${path}/infer`,
      schema: inferSchema({
        operationId: hasVersion ? 'modelVersionInfer' : 'modelInfer',
        summary: hasVersion ? 'An inference by a named version' : 'An inference by the version that serves',
        hasVersion,
        errors: openInferenceErrors,
      }),
    })),
  );
}

import { PROBLEM_DIALECT } from '../../errors/dialect.ts';
import { errorHandler } from '../../errors/error-handler.ts';
import { refuseUnknownRoute } from '../../errors/not-found.ts';
import type { RouteDependencies, ZodApp } from '../../options.ts';
import { addJsonBodies } from '../../plugins/json-body.ts';
import { addRequestLog } from '../../plugins/request-context.ts';
import { healthRoutes } from './health.ts';
import { inferRoute } from './infer.ts';
import { loadRoute } from './load.ts';
import { modelsRoutes } from './models.ts';
import { rolloutEventsRoute } from './rollout-events.ts';
import { rolloutRoutes } from './rollouts.ts';
import { statusRoutes } from './status.ts';
import { unloadRoute } from './unload.ts';
import { updateRoutes } from './update.ts';

export const MODEL_SERVING_PREFIX = '/api/v1/model_serving';

/** The management API. */
export async function modelServingScope(app: ZodApp, dependencies: RouteDependencies): Promise<void> {
  app.setErrorHandler(errorHandler(PROBLEM_DIALECT));
  app.setNotFoundHandler(refuseUnknownRoute);
  addRequestLog(app);
  addJsonBodies(app);
  statusRoutes(app, dependencies);
  modelsRoutes(app, dependencies);
  loadRoute(app, dependencies);
  unloadRoute(app, dependencies);
  updateRoutes(app, dependencies);
  rolloutRoutes(app, dependencies);
  rolloutEventsRoute(app, dependencies);
  healthRoutes(app, dependencies);
  await inferRoute(app, dependencies);
}

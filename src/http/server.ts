import fastify, { type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { RolloutServing } from '../serving/rollouts/service.ts';
import type { ModelServing } from '../serving/service.ts';
import { answerClientError } from './errors/client-error.ts';
import { dialectForPath, PROBLEM_DIALECT } from './errors/dialect.ts';
import { errorHandler, sendError } from './errors/error-handler.ts';
import { refuseUnknownRoute } from './errors/not-found.ts';
import { toAppError } from './errors/to-app-error.ts';
import type { HttpOptions, ZodApp } from './options.ts';
import { addAuthentication } from './plugins/auth.ts';
import { addDocumentation, documentationRoutes } from './plugins/documentation.ts';
import { addDraining } from './plugins/draining.ts';
import { MAX_JSON_BODY_BYTES } from './plugins/json-body.ts';
import { addLoopbackGuard } from './plugins/loopback-guard.ts';
import { encodeModelId } from './plugins/model-id-url.ts';
import { addRequestContext, requestIdOf } from './plugins/request-context.ts';
import { MODEL_SERVING_PREFIX, modelServingScope } from './routes/model-serving/scope.ts';
import { openInferenceScope } from './routes/open-inference/scope.ts';
import { probeRoutes } from './routes/probes.ts';

const DEFAULT_KEEP_ALIVE_MS = 75_000;
const DEFAULT_MAX_HEADER_BYTES = 16_384;
/** A model id of 255 characters, each of them percent-encoded. */
const MAX_PARAMETER_LENGTH = 765;
const MAX_HEADERS = 200;

/** The whole HTTP side over a model serving and its updates. In an object, as the instance itself is thenable. */
export async function buildServer(
  serving: ModelServing,
  rollouts: RolloutServing,
  options: HttpOptions,
): Promise<{ app: FastifyInstance }> {
  const app = createInstance(options);
  app.server.maxHeadersCount = MAX_HEADERS;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(PROBLEM_DIALECT));
  app.setNotFoundHandler(refuseUnknownRoute);
  addGates(app, options);
  await addDocumentation(app, options.version);
  const dependencies = { serving, rollouts, options };
  await app.register(async (scope) => probeRoutes(scope, dependencies));
  await app.register((scope) => modelServingScope(scope, dependencies), { prefix: MODEL_SERVING_PREFIX });
  await app.register((scope) => openInferenceScope(scope, dependencies), { prefix: '/v2' });
  await app.register(documentationRoutes);
  return { app };
}

/** What every request passes, in this order, before its body is read. */
function addGates(app: ZodApp, options: HttpOptions): void {
  app.decorateRequest('caller', '');
  addRequestContext(app);
  addDraining(app, options.isDraining);
  if (options.loopbackGuard) addLoopbackGuard(app, options.allowedHosts);
  // Before the not-found handlers would: so no body is parsed for nothing.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) refuseUnknownRoute(request, reply);
    done();
  });
  if (options.apiKeys !== undefined) addAuthentication(app, options.apiKeys);
}

function createInstance(options: HttpOptions): ZodApp {
  return fastify({
    ...(options.logger === false ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request costs more than the few lines that are ever written with it.
    childLoggerFactory: (logger) => logger,
    genReqId: requestIdOf,
    rewriteUrl: (request) => encodeModelId(request.url ?? '/'),
    // Of what is parsed here; inferences are streamed past, under a limit of their own.
    bodyLimit: Math.min(options.bodyLimitBytes, MAX_JSON_BODY_BYTES),
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? DEFAULT_KEEP_ALIVE_MS,
    // Would end connections that wait for a long inference or load; what arrives too slowly meets `requestTimeout`.
    connectionTimeout: 0,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Given here too, as the time for the headers alone follows from it.
    http: {
      maxHeaderSize: options.maxHeaderBytes ?? DEFAULT_MAX_HEADER_BYTES,
      requestTimeout: options.requestTimeoutMs,
    },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH, ignoreTrailingSlash: true },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      sendError(toAppError(error), dialectForPath(request.raw.url ?? '/'), request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
}

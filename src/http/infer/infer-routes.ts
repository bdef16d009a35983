import type { FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { AppError } from '../../core/errors.ts';
import { parseModelId } from '../../core/model/model-id.ts';
import { parseVersion, type VersionName } from '../../core/model/version.ts';
import type { CancelSignal } from '../../serving/ports/cancel-signal.ts';
import type { InferRequest } from '../../serving/service.ts';
import { toAppError } from '../errors/to-app-error.ts';
import type { RouteDependencies, ZodApp } from '../options.ts';
import { forgetContentType } from '../plugins/json-body.ts';
import { Departure } from './departure.ts';
import { readInferHeaders } from './infer-headers.ts';
import { receiveBody } from './receive-body.ts';
import { sendAnswer } from './send-answer.ts';

interface InferRoute {
  readonly url: string;
  /** For the documentation alone: nothing of an inference request is validated here, the runner does it. */
  readonly schema: FastifySchema;
}

/**
 * The inference routes of a dialect, in a scope of their own: the body stays on the socket until the handler streams it
 * into its slot, and no validator or serializer runs.
 */
export async function inferRoutes(
  parent: ZodApp,
  dependencies: RouteDependencies,
  routes: readonly InferRoute[],
): Promise<void> {
  await parent.register(async (app) => {
    app.removeAllContentTypeParsers();
    forgetContentType(app);
    app.addContentTypeParser('*', (_request, _body, done) => done(null));
    for (const { url, schema } of routes) {
      app.post(
        url,
        { config: { access: ['infer'], quiet: true }, schema, validatorCompiler: () => () => true },
        (request, reply) => infer(dependencies, request, reply),
      );
    }
  });
}

async function infer(
  dependencies: RouteDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const accepted = await accept(dependencies, request, new Departure(reply.raw));
  using _payload = accepted.payload;
  return sendAnswer(reply, await dependencies.serving.infer(accepted));
}

/** The request as it is to be run. Its payload is the caller's to dispose of; what is refused here is counted here. */
async function accept(
  { serving, options }: RouteDependencies,
  request: FastifyRequest,
  signal: CancelSignal,
): Promise<InferRequest> {
  try {
    // The router gives strings for the parameters that are in its path.
    const parameters = request.params as { readonly model_id: string; readonly version?: string };
    const modelId = parseModelId(parameters.model_id);
    const version = versionOf(parameters.version, request.headers['x-model-version']);
    const { declaredBytes, timeoutMs, ...headers } = readInferHeaders(request.headers, options.routingKeyHeader);
    const fromMs = performance.now();
    const payload = await receiveBody(request.raw, {
      declaredBytes,
      limitBytes: options.bodyLimitBytes,
      open: (expectedBytes) => serving.openPayload(expectedBytes),
    });
    return {
      modelId,
      version,
      payload,
      signal,
      ...headers,
      timeoutMs: timeLeft(timeoutMs, performance.now() - fromMs),
    };
  } catch (error) {
    serving.inferRefused(toAppError(error).code);
    throw error;
  }
}

/** Of the time that the client allows, once its body has come: it has been waiting since it sent the first byte. */
function timeLeft(timeoutMs: number | undefined, passedMs: number): number | undefined {
  return timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - passedMs);
}

function versionOf(inPath: string | undefined, inHeader: string | string[] | undefined): VersionName | undefined {
  if (inPath !== undefined && inHeader !== undefined && inPath !== inHeader) {
    throw new AppError(
      'invalid_request',
      `The path asks for version ${inPath}, the header x-model-version for ${inHeader}.`,
    );
  }
  const text = inPath ?? inHeader;
  return text === undefined ? undefined : parseVersion(String(text));
}

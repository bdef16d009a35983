import { buildServer } from '../../src/http/server.ts';
import { FakeModelServing } from '../../test/helpers/http/fake-model-serving.ts';
import { FakeRollouts } from '../../test/helpers/http/fake-rollouts.ts';

export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>> | undefined>>;
}

export interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
}

/** The document that the server itself gives at /openapi.json. No model is served for it. */
export async function openApiDocument(version: string): Promise<OpenApiDocument> {
  const { app } = await buildServer(new FakeModelServing(), new FakeRollouts(), {
    logger: false,
    apiKeys: undefined,
    loopbackGuard: false,
    allowedHosts: [],
    bodyLimitBytes: 1,
    renderMetrics: () => Promise.reject(new Error('nothing is measured here')),
    version,
    requestTimeoutMs: 0,
    routingKeyHeader: 'x-routing-key',
    isDraining: () => false,
  });
  try {
    await app.ready();
    // What the generator of @fastify/swagger gives is plain data; only these members are read here.
    return app.swagger() as OpenApiDocument;
  } finally {
    await app.close();
  }
}

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Access } from '../options.ts';
import { withoutUnusedSchemas } from './unused-schemas.ts';

const TAGS = [
  { name: 'inference', description: 'Predictions, under both dialects' },
  { name: 'models', description: 'Loading, unloading and describing models' },
  { name: 'updates', description: 'Replacing the version that serves a model, under live traffic' },
  { name: 'health', description: 'Health of models' },
  { name: 'status', description: 'The server in figures' },
  { name: 'probes', description: 'For orchestrators, load balancers and Prometheus' },
  { name: 'open inference', description: 'The Open Inference Protocol' },
  { name: 'triton extensions', description: "Triton's configuration, statistics and repository extensions" },
];

/** Collects the routes that are added after it. */
export async function addDocumentation(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'EchoServe',
        version,
        description:
          'A model server for ONNX models: inference by the Open Inference Protocol, and management by REST.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      tags: TAGS,
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'Only where the server was started with keys.' },
        },
      },
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      const access = route.route.config?.access ?? ['admin'];
      return { schema: { ...schema, security: securityOf(access) }, url };
    },
    transformObject: (document) => withoutUnusedSchemas(jsonSchemaTransformObject(document)),
  });
}

/** The document, and a page to read and try it. Its assets come with the package: nothing is fetched. */
export async function documentationRoutes(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public', quiet: true };
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access === 'public') return [];
  // Alternatives: a key with any one of the scopes, or none at all where the server asks for none.
  return [...[...new Set([...access, 'admin'])].map((scope) => ({ apiKey: [scope] })), {}];
}

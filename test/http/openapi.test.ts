import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { start } from '../helpers/http/start.ts';

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Record<
    string,
    { readonly content?: Record<string, { readonly schema: { readonly $ref?: string } }> }
  >;
}

interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

const read = async (app: FastifyInstance): Promise<Document> => (await app.inject('/openapi.json')).json();

function operations(document: Document) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  );
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => (key === '$ref' ? [String(child)] : references(child)));
}

describe('the OpenAPI document', () => {
  it('refers to nothing that is not in it, and has nothing that is not referred to', async () => {
    await using server = await start();
    const document = await read(server.app);
    expect(document.openapi).toBe('3.1.0');
    const referred = new Set(references(document));
    const present = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...referred].toSorted()).toEqual(present.toSorted());
  });

  it('has the routes of every part of the server, but not the documentation itself', async () => {
    await using server = await start();
    const documented = operations(await read(server.app)).map((each) => each.name);
    for (const expected of [
      'GET /livez',
      'GET /metrics',
      'POST /api/v1/model_serving/load',
      'POST /api/v1/model_serving/models/{model_id}/infer',
      'DELETE /api/v1/model_serving/models/{model_id}',
      'POST /v2/models/{model_id}/infer',
      'POST /v2/models/{model_id}/versions/{version}/infer',
      'POST /v2/repository/models/{model_id}/unload',
    ]) {
      expect(documented).toContain(expected);
    }
    expect(documented.filter((name) => name.includes('docs') || name.includes('openapi'))).toEqual([]);
  });

  it('says of every operation what it is for', async () => {
    await using server = await start();
    const document = await read(server.app);
    const tags = document.tags.map((tag) => tag.name);
    const ids = operations(document).map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations(document)) {
      expect(operation.summary, name).toMatch(/\w/);
      expect(tags, name).toContain(operation.tags?.[0]);
    }
  });

  it('declares the errors of every operation, in the dialect of its place', async () => {
    await using server = await start();
    for (const { name, path, operation } of operations(await read(server.app))) {
      const isPublic = operation.security?.length === 0;
      const expected = [
        ...['403', '500'],
        ...(isPublic ? [] : ['400', '401']),
        ...(path.includes('{model_id}') ? ['400', '404'] : []),
        ...(operation.requestBody === undefined ? [] : ['408', '413', '415']),
        ...(path.endsWith('/infer') ? ['429', '499', '503', '504', '507'] : []),
      ];
      expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(expected));
      for (const [status, response] of Object.entries(operation.responses).filter(([key]) => key >= '400')) {
        const [mediaType, content] = Object.entries(response.content ?? {})[0] ?? [];
        const dialect = path.startsWith('/v2')
          ? ['application/json', '#/components/schemas/OpenInferenceError']
          : ['application/problem+json', '#/components/schemas/Problem'];
        // Two probes tell more in a 503 than an error does.
        if (status === '503' && (path === '/health' || path.endsWith('/ready'))) continue;
        expect([mediaType, content?.schema.$ref], `${name} ${status}`).toEqual(dialect);
      }
    }
  });

  it('gives an example to those who load and to those who infer', async () => {
    await using server = await start();
    const { schemas } = (await read(server.app)).components;
    expect(schemas['LoadInput']).toHaveProperty('examples');
    expect(schemas['InferenceInput']).toHaveProperty('examples');
  });

  it('can be read in a browser without any other server', async () => {
    await using server = await start();
    const page = await server.app.inject('/docs');
    expect(page.headers['content-type']).toContain('text/html');
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^\/docs\//);
      expect((await server.app.inject(link)).statusCode).toBe(200);
    }
  });
});

/**
 * The server that a careful user would write: Fastify and onnxruntime-node in one process, Open Inference Protocol in
 * JSON and binary, no extra copies, no logging, no schema on tensor data. Arguments: model repository, threads.
 */
import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyRequest } from 'fastify';
import { modelPath } from '../models/write-repository.ts';
import { answerInference, NaiveModel } from './naive-model.ts';

const [repository = '', threads = '1'] = process.argv.slice(2);
const models = new Map<string, NaiveModel>();
const BODY_LIMIT = 64 * 1024 * 1024;

const app = fastify({ bodyLimit: BODY_LIMIT, keepAliveTimeout: 120_000 });

/** Chunks go straight to their place in one block: no list of chunks, no concatenation. */
function readWhole(payload: IncomingMessage): Promise<Buffer> {
  const length = Number(payload.headers['content-length']);
  if (!(length <= BODY_LIMIT)) return Promise.reject(new Error('a body needs a content length within the limit'));
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const body = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  payload.on('data', (chunk: Buffer) => {
    filled += chunk.copy(body, filled);
  });
  payload.on('end', () => resolve(body));
  payload.on('error', reject);
  return promise;
}

app.addContentTypeParser('application/octet-stream', (_request: FastifyRequest, payload: IncomingMessage) =>
  readWhole(payload),
);
// Fastify's own parser also looks for `__proto__` in all of the text, which costs half as much as parsing it.
app.addContentTypeParser('application/json', async (_request: FastifyRequest, payload: IncomingMessage) =>
  JSON.parse((await readWhole(payload)).toString()),
);

app.get('/health', () => ({ status: 'healthy', models: models.size }));

app.post<{ Params: { model: string } }>('/models/:model/load', async ({ params }) => {
  if (!models.has(params.model)) {
    models.set(params.model, await NaiveModel.load(modelPath(repository, params.model), Number(threads)));
  }
  return { loaded: params.model };
});

app.post<{ Params: { model: string } }>('/models/:model/unload', async ({ params }) => {
  const model = models.get(params.model);
  models.delete(params.model);
  await model?.release();
  return { unloaded: params.model };
});

app.post<{ Params: { model: string } }>('/v2/models/:model/infer', async (request, reply) => {
  const model = models.get(request.params.model);
  if (model === undefined) return reply.code(404).send({ error: `${request.params.model} is not loaded` });
  const jsonBytes = request.headers['inference-header-content-length'];
  return await answerInference(model, request.params.model, request.body, Number(jsonBytes), reply);
});

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));

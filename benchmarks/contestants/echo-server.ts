/** The floor of the HTTP stack: Fastify receives a body whole, and sends it back. */
import fastify from 'fastify';

const app = fastify({ bodyLimit: 64 * 1024 * 1024, keepAliveTimeout: 120_000 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/v2/models/:model/infer', (request, reply) =>
  reply.type(request.headers['content-type'] ?? 'application/octet-stream').send(request.body),
);

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));

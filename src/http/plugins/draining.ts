import type { FastifyInstance } from 'fastify';

/** A client with a kept-alive connection would keep the server from closing (73 s were seen), and come back to it. */
export function addDraining(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
}

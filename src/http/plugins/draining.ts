import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A client with a kept-alive connection would keep the server from closing (73 s were seen), and come back to it. */
export function addDraining(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
  closeSilentConnections(app);
}

/** Node counts a connection on which nothing was ever sent (browsers open some to spare) as busy: it never closes. */
function closeSilentConnections(app: FastifyInstance): void {
  const open = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('preClose', (done) => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
}

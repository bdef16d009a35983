import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Refuses a request that no route takes: 405 with `Allow` where another method would be taken, else 404.
 * @throws AppError `route_not_found`, `method_not_allowed`
 */
export function refuseUnknownRoute(request: FastifyRequest, reply: FastifyReply): never {
  const path = (request.raw.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
  const allowed = METHODS.filter((method) => request.server.findRoute({ method, url: path }) !== null);
  // A route that serves files takes the request, and only then finds that there is no such file.
  if (allowed.length === 0 || allowed.includes(request.method)) {
    throw new AppError('route_not_found', `There is nothing at ${request.method} ${path.slice(0, 200)}.`, {
      next: 'See /docs for all routes.',
    });
  }
  reply.header('allow', allowed.join(', '));
  throw new AppError('method_not_allowed', `${request.method} is not allowed here.`, {
    next: `Use ${allowed.join(' or ')}.`,
    details: { allowed },
  });
}

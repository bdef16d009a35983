import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/errors.ts';

/**
 * Without keys, loopback is the only fence, and a browser on this machine stands inside it. A page that rebinds its
 * name to 127.0.0.1 still sends its own name as `Host`; a form that posts here sends its page's `Origin`.
 */
export function addLoopbackGuard(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const isLocal = (host: string | undefined) => host !== undefined && (isLoopbackName(host) || allowed.has(host));
  app.addHook('onRequest', (request, _reply, done) => {
    const { host, origin } = request.headers;
    if (!isLocal(hostnameOf(host ?? ''))) {
      throw new AppError('forbidden', `The host ${quote(host ?? '')} is not this machine's.`, {
        next: 'Call the server by a loopback name, allow the host, or start the server with API keys.',
      });
    }
    if (origin !== undefined && !isLocal(originHostname(origin))) {
      throw new AppError('forbidden', `Pages of ${quote(origin)} may not call this server.`, {
        next: 'Allow the host, or start the server with API keys.',
      });
    }
    done();
  });
}

/** `localhost`, 127.0.0.0/8 and ::1, without a port. */
export function isLoopbackName(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(hostname)
  );
}

/** The name in a `Host` header, in lower case; undefined when it is none. */
export function hostnameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1];
}

function originHostname(origin: string): string | undefined {
  return hostnameOf(/^https?:\/\/(.+)$/i.exec(origin)?.[1] ?? '');
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../core/errors.ts';
import type { Access, ApiKey, Scope } from '../options.ts';

interface KnownKey {
  readonly name: string;
  readonly digest: Buffer;
  readonly scopes: readonly Scope[];
}

/** Asks every route that is not public for a key that has one of its scopes. */
export function addAuthentication(app: FastifyInstance, apiKeys: readonly ApiKey[]): void {
  const keys = apiKeys.map(({ name, secret, scopes }) => ({ name, scopes, digest: sha256(secret) }));
  app.addHook('onRequest', (request, reply, done) => {
    const access = request.routeOptions.config.access ?? ['admin'];
    if (access !== 'public') authorize(keys, access, request, reply);
    done();
  });
}

function authorize(
  keys: readonly KnownKey[],
  access: Exclude<Access, 'public'>,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const key = token === undefined ? undefined : findKey(keys, token);
  if (key === undefined) {
    const reason = token === undefined ? '' : ', error="invalid_token"';
    reply.header('www-authenticate', `Bearer realm="echoserve"${reason}`);
    throw new AppError('unauthenticated', token === undefined ? 'This needs an API key.' : 'The API key is unknown.', {
      next: 'Send a key as "Authorization: Bearer …".',
    });
  }
  request.caller = key.name;
  if (key.scopes.includes('admin') || access.some((scope) => key.scopes.includes(scope))) return;
  reply.header('www-authenticate', `Bearer realm="echoserve", error="insufficient_scope", scope="${access.join(' ')}"`);
  throw new AppError('forbidden', `The API key "${key.name}" lacks the scope ${access.join(' or ')}.`, {
    next: 'Use a key that has it.',
    details: { missing_scope: access },
  });
}

/** Digests have equal lengths, and every key is compared: the time tells nothing about any of them. */
function findKey(keys: readonly KnownKey[], token: string): KnownKey | undefined {
  const digest = sha256(token);
  let found: KnownKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.digest, digest)) found = key;
  }
  return found;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

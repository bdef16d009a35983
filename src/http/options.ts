import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { RolloutServing } from '../serving/rollouts/service.ts';
import type { ModelServing } from '../serving/service.ts';

export type Scope = 'infer' | 'admin' | 'metrics';

/** Who may call a route: everybody, or holders of a key with one of these scopes. `admin` may call everything. */
export type Access = 'public' | readonly Scope[];

export interface ApiKey {
  /** For logs; never the secret. */
  readonly name: string;
  readonly secret: string;
  readonly scopes: readonly Scope[];
}

export interface HttpOptions {
  readonly logger: FastifyBaseLogger | false;
  /** Undefined: no keys are asked for. */
  readonly apiKeys: readonly ApiKey[] | undefined;
  /** Refuse foreign `Host` and `Origin` headers: for servers on loopback without keys. */
  readonly loopbackGuard: boolean;
  /** Host names that the guard admits besides loopback's. */
  readonly allowedHosts: readonly string[];
  /** Of an inference. What is parsed on this thread may be smaller yet (see `MAX_JSON_BODY_BYTES`). */
  readonly bodyLimitBytes: number;
  /** The whole Prometheus exposition. */
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly version: string;
  /** How long a request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** The header that names a request's routing key, in lower case. */
  readonly routingKeyHeader: string;
  /** While true every response closes its connection, so that clients go elsewhere. */
  readonly isDraining: () => boolean;
  /** How long an idle connection is kept. Longer than the proxies in front: they must be the ones that close. */
  readonly keepAliveTimeoutMs?: number;
  readonly maxHeaderBytes?: number;
  /** How often a stream of events that has nothing to tell says that it is there. */
  readonly eventHeartbeatMs?: number;
}

/** What the routes work with. */
export interface RouteDependencies {
  readonly serving: ModelServing;
  readonly rollouts: RolloutServing;
  readonly options: HttpOptions;
}

/** A Fastify scope whose routes get their types from zod schemas. */
export type ZodApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent: `admin`. */
    access?: Access;
    /** Called all the time: not worth a line in the log each. */
    quiet?: boolean;
  }
  interface FastifyRequest {
    /** The name of the API key that the request came with; empty without keys. */
    caller: string;
    /** The log has a line about why it was refused. */
    refusalLogged: boolean;
  }
}

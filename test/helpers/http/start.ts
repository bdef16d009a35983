import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from '../../../src/http/options.ts';
import { buildServer } from '../../../src/http/server.ts';
import { FakeModelServing } from './fake-model-serving.ts';
import { FakeRollouts } from './fake-rollouts.ts';

interface Started extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly serving: FakeModelServing;
  readonly rollouts: FakeRollouts;
  /** Listens on a port that the system picks. */
  listen(): Promise<{ readonly origin: string; readonly port: number }>;
}

/** A server over a fake, closed at the end of the test. */
export async function start(
  changes: Partial<HttpOptions> = {},
  serving = new FakeModelServing(),
  rollouts = new FakeRollouts(),
): Promise<Started> {
  const { app } = await buildServer(serving, rollouts, { ...DEFAULTS, ...changes });
  return {
    app,
    serving,
    rollouts,
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' });
      // A TCP server's address is an object.
      const { port } = app.server.address() as AddressInfo;
      return { origin: `http://127.0.0.1:${port}`, port };
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}

const DEFAULTS: HttpOptions = {
  logger: false,
  apiKeys: undefined,
  loopbackGuard: false,
  allowedHosts: [],
  bodyLimitBytes: 100_000,
  renderMetrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' }),
  version: '0.0.0',
  requestTimeoutMs: 30_000,
  routingKeyHeader: 'x-routing-key',
  isDraining: () => false,
};

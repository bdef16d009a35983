import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { destination } from 'pino';
import { systemClock } from './adapters/clock.ts';
import { openAnswerComparer } from './adapters/comparison/answer-comparer.ts';
import { OnnxEngine } from './adapters/onnx/engine.ts';
import { Arena } from './adapters/onnx/runner/arena.ts';
import { arenaCapacity, arenaDirectory } from './adapters/onnx/runner/arena-file.ts';
import { reapOrphans } from './adapters/onnx/runner/orphans.ts';
import { directoryProbeFiles } from './adapters/probe-files.ts';
import { hostMemory } from './adapters/process-memory.ts';
import { usableProcessors } from './adapters/processors.ts';
import { createCatalog } from './adapters/source/catalog.ts';
import { createModelSource } from './adapters/source/model-source.ts';
import { openStore } from './adapters/store/open-store.ts';
import { createLogger } from './adapters/telemetry/logger.ts';
import { createPrometheus } from './adapters/telemetry/prometheus.ts';
import type { ServeConfig } from './config.ts';
import { resolveBudget } from './core/memory/budget.ts';
import { buildServer } from './http/server.ts';
import { ModelServingManager } from './serving/manager.ts';
import type { AnswerComparer } from './serving/ports/comparison.ts';
import type { Logger } from './serving/ports/logger.ts';
import type { Store } from './serving/ports/store.ts';

/** How long a request may take to arrive. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Of what the grace period leaves after the notice; the rest is for the ends of the models. */
const CLIENTS_SHARE = 0.8;

/** One more than the restoration of a restart has, so that a request need not wait for the end of that. */
const MIN_PARALLEL_LOADS = 3;

export interface App extends AsyncDisposable {
  readonly manager: ModelServingManager;
  readonly logger: Logger;
  /** Opens the port. Answers the server's base URL. */
  listen(): Promise<string>;
  /** From now on: not ready, connections are closed after each answer. Requests are still answered. */
  beginDrain(): void;
}

/** Puts EchoServe together. Disposing of it answers what was accepted, then ends every process and file it opened. */
export async function buildApp(config: ServeConfig, version: string): Promise<App> {
  // What is opened last is closed first: the port, then the models, then what they stand on.
  await using opening = new AsyncDisposableStack();
  // Standard output is for people; what machines read goes to standard error, without holding up the front.
  const logger = createLogger(config.log.level, destination({ dest: 2, sync: false }));
  const store = opening.use(await openStore(config.models.dataDir, { onError: storeFailed(logger) }));
  await endOrphans(store, logger);
  const arena = opening.use(openArena(config));
  const engine = opening.use(openEngine(config, arena, store, logger));
  await engine.removeAbandoned();
  const comparer = opening.use(openAnswerComparer());
  const manager = opening.use(buildManager(config, { arena, engine, comparer, store, logger, version }));
  const { rollouts } = manager;
  const prometheus = createPrometheus(manager, rollouts);
  const { app } = await buildServer(manager, rollouts, {
    logger,
    apiKeys: config.auth.mode === 'keys' ? config.auth.keys : undefined,
    loopbackGuard: config.auth.mode === 'none' && config.server.isLoopback,
    allowedHosts: config.server.allowedHosts,
    bodyLimitBytes: config.server.maxBodyBytes,
    routingKeyHeader: config.server.routingKeyHeader,
    renderMetrics: () => prometheus.render(),
    version,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    isDraining: () => manager.isDraining,
  });
  opening.defer(() => closeServer(app, config.limits));
  await manager.start(config.models.preload);
  const owned = opening.move();
  return {
    manager,
    logger,
    listen: async () => {
      await app.listen({ host: config.server.host, port: config.server.port });
      const address = app.server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      return baseUrl(config.server.host, port ?? config.server.port);
    },
    beginDrain: () => manager.beginDrain(),
    [Symbol.asyncDispose]: async () => {
      manager.beginDrain();
      await owned.disposeAsync();
    },
  };
}

/**
 * Answers what was accepted. A client that does not send its request to the end, or does not read its answer, is cut
 * off while there is still time to end in order.
 */
async function closeServer(
  app: FastifyInstance,
  { gracePeriodMs, drainNoticeMs }: ServeConfig['limits'],
): Promise<void> {
  const patienceMs = CLIENTS_SHARE * (gracePeriodMs - drainNoticeMs);
  const limit = setTimeout(() => app.server.closeAllConnections(), patienceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(limit);
  }
}

/** With the host as it was configured: Fastify's own line names 127.0.0.1 for all addresses. */
function baseUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function openArena(config: ServeConfig): Arena {
  const dir = arenaDirectory(config.arena.dir, config.arena.allowDisk);
  const capacityBytes = arenaCapacity(dir, config.arena.maxBytes);
  return new Arena({ dir, capacityBytes, maxBodyBytes: Math.min(config.server.maxBodyBytes, capacityBytes) });
}

function openEngine(config: ServeConfig, arena: Arena, store: Store, logger: Logger): OnnxEngine {
  const recorded = (write: Promise<void>) =>
    write.catch((error: unknown) => logger.warn({ err: error }, 'a runner process could not be recorded'));
  return new OnnxEngine({
    arena,
    arenaDir: arenaDirectory(config.arena.dir, config.arena.allowDisk),
    rewriteDir: join(config.models.dataDir, 'rewritten'),
    logger,
    onStarted: (runner) => void recorded(store.addRunner(runner)),
    onEnded: (pid) => void recorded(store.removeRunner(pid)),
  });
}

interface ManagerParts {
  readonly arena: Arena;
  readonly engine: OnnxEngine;
  readonly comparer: AnswerComparer;
  readonly store: Store;
  readonly logger: Logger;
  readonly version: string;
}

function buildManager(config: ServeConfig, parts: ManagerParts): ModelServingManager {
  const { repositoryDir, dataDir, modelName, loadOnDemand, required } = config.models;
  const catalog = createCatalog({ repositoryDir, dataDir, modelName });
  const processors = { ...usableProcessors(), intraOpThreads: config.models.intraOpThreads };
  return new ModelServingManager({
    engine: parts.engine,
    store: parts.store,
    catalog,
    source: createModelSource({ dataDir, catalog, ...config.sources }),
    probes: directoryProbeFiles,
    payloads: parts.arena,
    comparer: parts.comparer,
    recordedRequestBytes: config.updates.recordedRequestBytes,
    clock: systemClock,
    logger: parts.logger,
    limits: config.limits,
    loadOnDemand,
    required,
    memory: { budgetBytes: budgetOf(config, parts.logger), waitMs: config.memory.waitMs },
    processors,
    parallelLoads: Math.max(MIN_PARALLEL_LOADS, processors.count),
    machineBytes: machineMemory(),
    frontMemory: () => process.memoryUsage.rss(),
    serviceVersion: parts.version,
  });
}

/** @throws AppError `invalid_request` where the setting is none */
function budgetOf({ memory }: ServeConfig, logger: Logger): number {
  const { bytes, availableBytes, availableFrom } = resolveBudget(memory.budget, hostMemory());
  if (bytes > availableBytes) {
    logger.warn({ budgetBytes: bytes, availableBytes, availableFrom }, 'the memory budget is larger than the memory');
  }
  return bytes;
}

function machineMemory(): number {
  return resolveBudget('100%', hostMemory()).availableBytes;
}

/** Runners of an earlier server that was killed, where the kernel did not end them with it. */
async function endOrphans(store: Store, logger: Logger): Promise<void> {
  const records = await store.listRunners();
  const reaped = await reapOrphans(records);
  if (reaped > 0) logger.warn({ reaped }, 'ended runner processes that an earlier server had left');
  for (const { pid } of records) await store.removeRunner(pid);
}

function storeFailed(logger: Logger): (error: Error) => void {
  return (error) => logger.error({ err: error }, 'the state store failed: changes are no longer recorded');
}

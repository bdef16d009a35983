import type { ServingDependencies } from '../dependencies.ts';
import type { Residency } from '../lifecycle/residency.ts';
import type { ModelMemory } from '../memory/model-memory.ts';
import type { Counters } from './counters.ts';
import type { Overview } from './overview.ts';
import type { MemoryView, PerformanceView, StatusView, VersionState, VersionView } from './views.ts';

interface StatusParts {
  readonly dependencies: ServingDependencies;
  readonly overview: Overview;
  readonly residency: Residency;
  readonly counters: Counters;
  readonly memory: ModelMemory;
  readonly phase: () => StatusView['phase'];
}

/** The server in figures. */
export class Status {
  readonly #parts: StatusParts;
  readonly #startedAt: number;
  readonly #startedMonotonicMs: number;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedAt = parts.dependencies.clock.epochMs();
    this.#startedMonotonicMs = parts.dependencies.clock.monotonicMs();
  }

  async snapshot(): Promise<StatusView> {
    const { dependencies, overview } = this.#parts;
    const { versions: onDisk, problems } = await dependencies.catalog.list();
    const resident = overview.residentVersions();
    const known = new Set<string>([...onDisk, ...resident].map((each) => each.modelId));
    return {
      service: {
        name: 'echoserve',
        version: dependencies.serviceVersion,
        startedAt: this.#startedAt,
        uptimeMs: dependencies.clock.monotonicMs() - this.#startedMonotonicMs,
      },
      engine: { name: dependencies.engine.name, version: dependencies.engine.version },
      phase: this.#parts.phase(),
      overview: { knownModels: known.size, ...countStates(resident) },
      performance: this.performance(),
      memory: this.memory(),
      processors: dependencies.processors,
      runners: resident.flatMap(({ modelId, version, runners, threadsFrom = 'chosen' }) =>
        runners.map((runner) => ({ ...runner, modelId, version, threadsFrom })),
      ),
      traffic: resident
        .filter((view) => view.state === 'ready')
        .map((view) => ({
          modelId: view.modelId,
          version: view.version,
          weight: view.weight,
          inFlight: view.statistics.inFlight,
        })),
      health: countHealth(resident),
      repositoryProblems: problems,
    };
  }

  performance(): PerformanceView {
    const { counters } = this.#parts;
    const looked = counters.cacheHits + counters.cacheMisses;
    return {
      totalLoads: counters.loads,
      successfulLoads: counters.successfulLoads,
      failedLoads: counters.failedLoads,
      averageLoadTimeMs: counters.successfulLoads === 0 ? 0 : counters.loadTimeMs / counters.successfulLoads,
      cacheHits: counters.cacheHits,
      cacheMisses: counters.cacheMisses,
      cacheHitRate: looked === 0 ? 0 : counters.cacheHits / looked,
      unloads: counters.unloads,
      evictions: counters.evictions.byReason,
      evictionAgeSumMs: counters.evictions.ageSumMs,
      lastEvictionAgeMs: counters.evictions.lastAgeMs,
      footprintDrifts: counters.drifts,
      overBudget: counters.overBudget,
      runnerRecycles: counters.recycles,
      runnerRestarts: counters.runnerRestarts,
      totalRequests: counters.requests,
      failedRequests: counters.failedRequests,
      failuresByReason: { ...counters.failures },
    };
  }

  memory(): MemoryView {
    const { dependencies, residency } = this.#parts;
    const footprints = residency.all().flatMap(({ footprint }) => footprint ?? []);
    return {
      budget: this.#parts.memory.view(),
      runnersBytes: footprints.reduce((sum, { pssBytes }) => sum + pssBytes, 0),
      sharedBytes: footprints.reduce((sum, { sharedBytes = 0 }) => sum + sharedBytes, 0),
      frontBytes: dependencies.frontMemory(),
      payloadBytes: dependencies.payloads.usedBytes,
      payloadCapacityBytes: dependencies.payloads.capacityBytes,
      machineBytes: dependencies.machineBytes,
    };
  }
}

function countStates(views: readonly VersionView[]): Omit<StatusView['overview'], 'knownModels'> {
  const inState = (state: VersionState) => views.filter((view) => view.state === state).length;
  return {
    residentModels: new Set(views.map((view) => view.modelId)).size,
    residentVersions: views.length,
    readyVersions: inState('ready'),
    failedVersions: inState('failed'),
    loadingVersions: inState('loading'),
  };
}

function countHealth(views: readonly VersionView[]): StatusView['health'] {
  const withStatus = (status: VersionView['health']['status']) =>
    views.filter((view) => view.health.status === status).length;
  return { healthy: withStatus('healthy'), unhealthy: withStatus('unhealthy'), unknown: withStatus('unknown') };
}

import type { z } from 'zod';
import type { MemoryView, PerformanceView, StatusView, VersionView } from '../../serving/overview/views.ts';
import type { Memory, Metrics, PerformanceMetrics, Status } from '../schemas/status.ts';
import { presentDetailedStatistics } from './statistics.ts';
import { gigabytes } from './units.ts';

export function presentStatus(view: StatusView): z.output<typeof Status> {
  const { service, overview } = view;
  return {
    service: {
      name: service.name,
      version: service.version,
      started_at: new Date(service.startedAt).toISOString(),
      uptime_ms: service.uptimeMs,
    },
    engine: { ...view.engine },
    phase: view.phase,
    overview: {
      known_models: overview.knownModels,
      resident_models: overview.residentModels,
      resident_versions: overview.residentVersions,
      ready_versions: overview.readyVersions,
      failed_versions: overview.failedVersions,
      loading_versions: overview.loadingVersions,
    },
    performance_metrics: presentPerformance(view.performance),
    memory: presentMemory(view.memory),
    load_balancer: view.traffic.map(({ modelId, version, weight, inFlight }) => ({
      model_id: modelId,
      version,
      weight,
      in_flight: inFlight,
    })),
    health_summary: { ...view.health },
    repository_problems: view.repositoryProblems.map(({ path, reason }) => ({ path, reason })),
  };
}

export function presentMetrics(
  performance: PerformanceView,
  memory: MemoryView,
  versions: readonly VersionView[],
): z.output<typeof Metrics> {
  return {
    totals: presentPerformance(performance),
    memory: presentMemory(memory),
    versions: versions.map((view) => ({
      model_id: view.modelId,
      version: view.version,
      state: view.state,
      weight: view.weight,
      measured_memory_gb: gigabytes(view.measuredBytes),
      peak_memory_gb: gigabytes(view.peakBytes),
      statistics: presentDetailedStatistics(view.statistics),
    })),
  };
}

function presentPerformance(view: PerformanceView): z.output<typeof PerformanceMetrics> {
  return {
    total_loads: view.totalLoads,
    successful_loads: view.successfulLoads,
    failed_loads: view.failedLoads,
    average_load_time_ms: view.averageLoadTimeMs,
    cache_hits: view.cacheHits,
    cache_misses: view.cacheMisses,
    cache_hit_rate: view.cacheHitRate,
    unloads: view.unloads,
    runner_restarts: view.runnerRestarts,
    total_requests: view.totalRequests,
    failed_requests: view.failedRequests,
    failures_by_reason: { ...view.failuresByReason },
  };
}

export function presentMemory(view: MemoryView): z.output<typeof Memory> {
  return {
    runners_bytes: view.runnersBytes,
    front_bytes: view.frontBytes,
    payload_bytes: view.payloadBytes,
    payload_capacity_bytes: view.payloadCapacityBytes,
    machine_bytes: view.machineBytes,
  };
}

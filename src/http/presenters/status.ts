import type { z } from 'zod';
import type { MemoryView, PerformanceView, StatusView } from '../../serving/overview/views.ts';
import type { RolloutCounters, RolloutServing } from '../../serving/rollouts/service.ts';
import type { ModelServing } from '../../serving/service.ts';
import type { Memory, Metrics, PerformanceMetrics, Status } from '../schemas/status.ts';
import { presentDetailedStatistics } from './statistics.ts';
import { rolloutsUnderWay } from './under-way.ts';
import { gigabytes, orNull } from './units.ts';

export function presentStatus(view: StatusView, rollouts: RolloutServing): z.output<typeof Status> {
  const { service, overview } = view;
  const underWay = rolloutsUnderWay(rollouts);
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
    performance_metrics: presentPerformance(view.performance, rollouts.counters()),
    memory: presentMemory(view.memory),
    processors: {
      count: view.processors.count,
      from: view.processors.from,
      intra_op_threads: orNull(view.processors.intraOpThreads),
    },
    runners: view.runners.map(({ modelId, version, pid, intraOpThreads, threadsFrom }) => ({
      model_id: modelId,
      version,
      pid,
      intra_op_threads: intraOpThreads,
      intra_op_threads_from: threadsFrom,
    })),
    load_balancer: view.traffic.map(({ modelId, version, weight, inFlight }) => ({
      model_id: modelId,
      version,
      weight,
      in_flight: inFlight,
      rollout: orNull(underWay.get(modelId)),
    })),
    rollouts: underWay.size,
    health_summary: { ...view.health },
    repository_problems: view.repositoryProblems.map(({ path, reason }) => ({ path, reason })),
  };
}

export function presentMetrics(serving: ModelServing, counters: RolloutCounters): z.output<typeof Metrics> {
  return {
    totals: presentPerformance(serving.performance(), counters),
    memory: presentMemory(serving.memory()),
    versions: serving.residentVersions().map((view) => ({
      model_id: view.modelId,
      version: view.version,
      state: view.state,
      weight: view.weight,
      estimated_memory_gb: gigabytes(view.allocation?.totalBytes),
      reserved_memory_gb: gigabytes(view.reservedBytes),
      measured_memory_gb: gigabytes(view.measuredBytes),
      peak_memory_gb: gigabytes(view.peakBytes),
      statistics: presentDetailedStatistics(view.statistics),
    })),
  };
}

function presentPerformance(view: PerformanceView, updates: RolloutCounters): z.output<typeof PerformanceMetrics> {
  const ended = updates.completed + updates.rolledBack + updates.aborted;
  return {
    total_loads: view.totalLoads,
    successful_loads: view.successfulLoads,
    failed_loads: view.failedLoads,
    average_load_time_ms: view.averageLoadTimeMs,
    cache_hits: view.cacheHits,
    cache_misses: view.cacheMisses,
    cache_hit_rate: view.cacheHitRate,
    unloads: view.unloads,
    evictions: total(view.evictions),
    evictions_by_reason: { ...view.evictions },
    average_eviction_age_ms: total(view.evictions) === 0 ? null : view.evictionAgeSumMs / total(view.evictions),
    last_eviction_age_ms: orNull(view.lastEvictionAgeMs),
    footprint_drifts: view.footprintDrifts,
    over_budget: view.overBudget,
    runner_recycles: view.runnerRecycles,
    runner_restarts: view.runnerRestarts,
    total_requests: view.totalRequests,
    failed_requests: view.failedRequests,
    failures_by_reason: { ...view.failuresByReason },
    update_attempts: updates.attempts,
    zero_downtime_updates: updates.completed,
    rollbacks: updates.rolledBack,
    aborted_updates: updates.aborted,
    update_success_rate: ended === 0 ? 0 : updates.completed / ended,
  };
}

function total(evictions: PerformanceView['evictions']): number {
  return Object.values(evictions).reduce((sum, count) => sum + count, 0);
}

export function presentMemory(view: MemoryView): z.output<typeof Memory> {
  const { budget } = view;
  return {
    budget_bytes: budget.budgetBytes,
    used_bytes: budget.usedBytes,
    reserved_bytes: budget.reservedBytes,
    free_bytes: budget.freeBytes,
    over_budget_bytes: budget.overBudgetBytes,
    arena_bytes: budget.arenaBytes,
    loads_waiting: budget.loadsWaiting,
    runners_bytes: view.runnersBytes,
    shared_bytes: view.sharedBytes,
    front_bytes: view.frontBytes,
    payload_bytes: view.payloadBytes,
    payload_capacity_bytes: view.payloadCapacityBytes,
    machine_bytes: view.machineBytes,
  };
}

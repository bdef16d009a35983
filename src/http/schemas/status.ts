import { z } from 'zod';
import { ThreadsFrom } from './allocation.ts';
import { Timestamp } from './common.ts';
import { VERSION_STATES } from './model-version.ts';
import { DetailedStatistics } from './statistics.ts';

export const PerformanceMetrics = z
  .object({
    total_loads: z.int(),
    successful_loads: z.int(),
    failed_loads: z.int(),
    average_load_time_ms: z.number(),
    cache_hits: z.int().meta({ description: 'Loads and inferences that found the version resident, or on its way.' }),
    cache_misses: z.int(),
    cache_hit_rate: z.number(),
    unloads: z.int(),
    evictions: z.int().meta({ description: 'Versions taken out of memory that nobody wanted gone.' }),
    evictions_by_reason: z.object({ memory: z.int(), keep_alive: z.int() }),
    average_eviction_age_ms: z.number().nullable().meta({
      description: 'For how long evicted versions had not been used, on average.',
    }),
    last_eviction_age_ms: z.number().nullable(),
    footprint_drifts: z.int().meta({ description: 'Runners found above what was reserved for them by a third.' }),
    over_budget: z.int().meta({ description: 'Times that footprints had grown above the budget.' }),
    runner_recycles: z.int().meta({ description: 'Idle runners that were replaced for that.' }),
    runner_restarts: z.int(),
    total_requests: z.int(),
    failed_requests: z.int(),
    failures_by_reason: z.record(z.string(), z.int()).meta({ description: 'Failed requests by error code.' }),
    update_attempts: z.int(),
    zero_downtime_updates: z.int().meta({ description: 'Updates that were completed.' }),
    rollbacks: z.int().meta({ description: 'Updates that were rolled back by themselves.' }),
    aborted_updates: z.int().meta({ description: 'Updates that a person had rolled back.' }),
    update_success_rate: z.number().meta({ description: 'Of the updates that ended; 0 where none did.' }),
  })
  .meta({ id: 'PerformanceMetrics' });

export const Memory = z
  .object({
    budget_bytes: z.number().meta({ description: 'What loaded models may use in all.' }),
    used_bytes: z.number().meta({ description: 'Measured footprints, and the arenas.' }),
    reserved_bytes: z.number().meta({ description: 'Held for loads that are under way.' }),
    free_bytes: z.number(),
    over_budget_bytes: z.number().meta({ description: 'How far footprints have grown above the budget.' }),
    arena_bytes: z
      .number()
      .meta({ description: 'Pages that requests and answers pass through; part of what is used.' }),
    loads_waiting: z.int().meta({ description: 'Loads that wait for busy versions to become idle.' }),
    runners_bytes: z.number().meta({ description: 'What all runners together really use, as last measured.' }),
    shared_bytes: z.number().meta({ description: 'What runners save by sharing weights, as last measured.' }),
    front_bytes: z.number(),
    payload_bytes: z.number().meta({ description: 'Request bodies in flight.' }),
    payload_capacity_bytes: z.number(),
    machine_bytes: z.number(),
  })
  .meta({ id: 'Memory' });

export const Status = z
  .object({
    service: z.object({ name: z.string(), version: z.string(), started_at: Timestamp, uptime_ms: z.number() }),
    engine: z.object({ name: z.string(), version: z.string() }),
    phase: z.enum(['starting', 'running', 'draining']),
    overview: z.object({
      known_models: z.int(),
      resident_models: z.int(),
      resident_versions: z.int(),
      ready_versions: z.int(),
      failed_versions: z.int(),
      loading_versions: z.int(),
    }),
    performance_metrics: PerformanceMetrics,
    memory: Memory,
    processors: z.object({
      count: z.int().meta({ description: 'That this server may use, and its models with it.' }),
      from: z.enum(['machine', 'affinity', 'cgroup']).meta({
        description: 'All that the machine has, those that the process is bound to, or its control group’s quota.',
      }),
      intra_op_threads: z.int().nullable().meta({ description: '`--intra-op-threads`; null: they are chosen.' }),
    }),
    runners: z
      .array(
        z.object({
          model_id: z.string(),
          version: z.string(),
          pid: z.int(),
          intra_op_threads: z.int(),
          intra_op_threads_from: ThreadsFrom,
        }),
      )
      .meta({ description: "All models' processes." }),
    load_balancer: z
      .array(
        z.object({
          model_id: z.string(),
          version: z.string(),
          weight: z.number(),
          in_flight: z.int(),
          rollout: z.string().nullable().meta({ description: 'The update of its model that is under way.' }),
        }),
      )
      .meta({ description: 'Who serves what.' }),
    rollouts: z.int().meta({ description: 'Updates that are under way.' }),
    health_summary: z.object({ healthy: z.int(), unhealthy: z.int(), unknown: z.int() }),
    repository_problems: z.array(z.object({ path: z.string(), reason: z.string() })),
  })
  .meta({ id: 'Status' });

export const Metrics = z
  .object({
    totals: PerformanceMetrics,
    memory: Memory,
    versions: z.array(
      z.object({
        model_id: z.string(),
        version: z.string(),
        state: z.enum(VERSION_STATES),
        weight: z.number(),
        estimated_memory_gb: z.number().nullable(),
        reserved_memory_gb: z.number().nullable(),
        measured_memory_gb: z.number().nullable(),
        peak_memory_gb: z.number().nullable(),
        statistics: DetailedStatistics,
      }),
    ),
  })
  .meta({ id: 'Metrics' });

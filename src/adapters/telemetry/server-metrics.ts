import type { MemoryView, PerformanceView } from '../../serving/overview/views.ts';
import { labels, type MetricDescription, type Sample } from './exposition.ts';

interface ServerFigures {
  readonly performance: PerformanceView;
  readonly memory: MemoryView;
}

interface ServerMetric extends MetricDescription {
  readonly read: (figures: ServerFigures) => readonly Sample[];
}

/** Figures of the whole server. */
export const SERVER_METRICS: readonly ServerMetric[] = [
  single(
    'counter',
    'inferences_total',
    'Inference requests that came, those that reached no version included.',
    (of) => of.performance.totalRequests,
  ),
  // Each reason from the start: a series that begins with its first failure has no increase to tell of.
  metric('counter', 'inference_failures_total', 'Inference requests that failed, by reason.', ({ performance }) =>
    Object.entries(performance.failuresByReason).map(([reason, value]) => ({ labels: labels({ reason }), value })),
  ),
  metric('counter', 'model_loads_total', 'Loads of model versions by outcome.', ({ performance }) => [
    { labels: labels({ outcome: 'succeeded' }), value: performance.successfulLoads },
    { labels: labels({ outcome: 'failed' }), value: performance.failedLoads },
  ]),
  single('counter', 'model_unloads_total', 'Unloads of model versions.', (of) => of.performance.unloads),
  single(
    'counter',
    'cache_hits_total',
    'Loads and inferences that found the version resident, or on its way.',
    (of) => of.performance.cacheHits,
  ),
  single('counter', 'cache_misses_total', 'Loads and inferences that had to load.', (of) => of.performance.cacheMisses),
  metric('counter', 'evictions_total', 'Versions taken out of memory that nobody wanted gone.', ({ performance }) =>
    Object.entries(performance.evictions).map(([reason, value]) => ({ labels: labels({ reason }), value })),
  ),
  single(
    'counter',
    'eviction_age_seconds_total',
    'For how long evicted versions had not been used, summed up.',
    (of) => of.performance.evictionAgeSumMs / 1000,
  ),
  single(
    'counter',
    'footprint_drifts_total',
    'Runners found above what was reserved for them by a third.',
    (of) => of.performance.footprintDrifts,
  ),
  single(
    'counter',
    'runner_recycles_total',
    'Idle runners replaced because they had grown.',
    (of) => of.performance.runnerRecycles,
  ),
  single('gauge', 'memory_budget_bytes', 'What loaded models may use.', (of) => of.memory.budget.budgetBytes),
  single('gauge', 'memory_used_bytes', 'What they use, the arenas included.', (of) => of.memory.budget.usedBytes),
  single('gauge', 'memory_reserved_bytes', 'Held for loads under way.', (of) => of.memory.budget.reservedBytes),
  single('gauge', 'arena_bytes', 'Pages of the arenas.', (of) => of.memory.budget.arenaBytes),
  single('gauge', 'loads_waiting', 'Loads that wait for memory.', (of) => of.memory.budget.loadsWaiting),
  single('gauge', 'runners_memory_bytes', 'What all runners cost, as last measured.', (of) => of.memory.runnersBytes),
  single('gauge', 'machine_memory_bytes', 'Memory of the machine or its cgroup.', (of) => of.memory.machineBytes),
  single('gauge', 'payload_bytes', 'Request bodies in flight.', (of) => of.memory.payloadBytes),
  single(
    'gauge',
    'payload_capacity_bytes',
    'Bound of the request bodies in flight.',
    (of) => of.memory.payloadCapacityBytes,
  ),
];

function metric(type: 'counter' | 'gauge', name: string, help: string, read: ServerMetric['read']): ServerMetric {
  return { name: `echoserve_${name}`, help, type, read };
}

function single(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: (figures: ServerFigures) => number,
): ServerMetric {
  return metric(type, name, help, (figures) => [{ labels: '', value: read(figures) }]);
}

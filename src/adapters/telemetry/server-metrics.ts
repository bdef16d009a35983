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
    'Load requests that found the version resident.',
    (of) => of.performance.cacheHits,
  ),
  single('counter', 'cache_misses_total', 'Load requests that had to load.', (of) => of.performance.cacheMisses),
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

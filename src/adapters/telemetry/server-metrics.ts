import type { Registry } from 'prom-client';
import type { MetricsSource } from './prometheus.ts';
import { registerReadMetric, type Sample } from './read-metric.ts';

/** Figures of the whole server. */
export function registerServerMetrics(registry: Registry, source: MetricsSource): void {
  const register = (type: 'counter' | 'gauge', name: string, help: string, read: () => readonly Sample[]) =>
    registerReadMetric(registry, { name: `echoserve_${name}`, help, type, read });
  const one = (value: number): readonly Sample[] => [{ labels: {}, value }];

  register('counter', 'model_loads_total', 'Loads of model versions by outcome.', () => {
    const { successfulLoads, failedLoads } = source.performance();
    return [
      { labels: { outcome: 'succeeded' }, value: successfulLoads },
      { labels: { outcome: 'failed' }, value: failedLoads },
    ];
  });
  register('counter', 'model_unloads_total', 'Unloads of model versions.', () => one(source.performance().unloads));
  register('counter', 'cache_hits_total', 'Load requests that found the version resident.', () =>
    one(source.performance().cacheHits),
  );
  register('counter', 'cache_misses_total', 'Load requests that had to load.', () =>
    one(source.performance().cacheMisses),
  );
  register('gauge', 'runners_memory_bytes', 'What all runners cost, as last measured.', () =>
    one(source.memory().runnersBytes),
  );
  register('gauge', 'machine_memory_bytes', 'Memory of the machine or its cgroup.', () =>
    one(source.memory().machineBytes),
  );
  register('gauge', 'payload_bytes', 'Request bodies in flight.', () => one(source.memory().payloadBytes));
  register('gauge', 'payload_capacity_bytes', 'Bound of the request bodies in flight.', () =>
    one(source.memory().payloadCapacityBytes),
  );
}

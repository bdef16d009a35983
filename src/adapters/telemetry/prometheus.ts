import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MemoryView, PerformanceView, VersionView } from '../../serving/overview/views.ts';
import { registerServerMetrics } from './server-metrics.ts';
import { registerVersionMetrics } from './version-metrics.ts';

/** Where the figures are read when somebody scrapes. `ModelServingManager` has all of it. */
export interface MetricsSource {
  residentVersions(): readonly VersionView[];
  performance(): PerformanceView;
  memory(): MemoryView;
}

export interface Prometheus {
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/**
 * The figures of the use cases in Prometheus' text form, with those of the process and its event loop.
 * Nothing is counted here: each scrape reads what the use cases count anyway, so that a version that is unloaded
 * takes its series with it, and a request costs nothing twice.
 */
export function createPrometheus(source: MetricsSource): Prometheus {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerServerMetrics(registry, source);
  registerVersionMetrics(registry, source);
  return {
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

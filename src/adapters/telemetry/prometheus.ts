import { setImmediate as nextTurn } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MemoryView, PerformanceView, VersionView } from '../../serving/overview/views.ts';
import { headText, labels, samplesText } from './exposition.ts';
import { SERVER_METRICS } from './server-metrics.ts';
import { VERSION_METRICS } from './version-metrics.ts';

/** Where the figures are read when somebody scrapes. `ModelServingManager` has all of it. */
export interface MetricsSource {
  residentVersions(): readonly VersionView[];
  performance(): PerformanceView;
  memory(): MemoryView;
}

export interface Prometheus {
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Lines that are written in one go: about half a millisecond. */
const LINES_AT_ONCE = 500;

/**
 * The figures of the use cases in Prometheus' text form, with those of the process and its event loop.
 * Nothing is counted here: each scrape reads what the use cases count anyway, once, so that a version that is unloaded
 * takes its series with it, and a request costs nothing twice. It is written in pieces: requests go first.
 */
export function createPrometheus(source: MetricsSource): Prometheus {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    render: async () => {
      const figures = { performance: source.performance(), memory: source.memory() };
      const versions = source.residentVersions();
      const ofServer = SERVER_METRICS.map((metric) => headText(metric) + samplesText(metric, metric.read(figures)));
      const text = [await registry.metrics(), ...ofServer, await versionsText(versions)].join('\n');
      return { contentType: registry.contentType, text };
    },
  };
}

async function versionsText(versions: readonly VersionView[]): Promise<string> {
  const named = versions.map((view) => ({ view, own: labels({ model: view.modelId, version: view.version }) }));
  let text = '';
  let lines = 0;
  for (const metric of VERSION_METRICS) {
    text += headText(metric);
    for (const { view, own } of named) {
      const samples = metric.read(view, own);
      text += samplesText(metric, samples);
      lines += samples.length;
      if (lines < LINES_AT_ONCE) continue;
      lines = 0;
      await nextTurn();
    }
  }
  return text;
}

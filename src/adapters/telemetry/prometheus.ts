import { setImmediate as nextTurn } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MemoryView, PerformanceView, VersionView } from '../../serving/overview/views.ts';
import type { RolloutServing } from '../../serving/rollouts/service.ts';
import { headText, labels, samplesText } from './exposition.ts';
import { ROLLOUT_COUNTERS, ROLLOUT_GAUGES } from './rollout-metrics.ts';
import { SERVER_METRICS } from './server-metrics.ts';
import { VERSION_METRICS } from './version-metrics.ts';

/** Where the figures are read when somebody scrapes. `ModelServingManager` has all of it. */
export interface MetricsSource {
  residentVersions(): readonly VersionView[];
  performance(): PerformanceView;
  memory(): MemoryView;
}

/** Where those of updates are read. */
export type RolloutMetricsSource = Pick<RolloutServing, 'list' | 'counters'>;

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
export function createPrometheus(source: MetricsSource, rollouts: RolloutMetricsSource): Prometheus {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    render: async () => {
      const figures = { performance: source.performance(), memory: source.memory() };
      const versions = source.residentVersions();
      const ofServer = SERVER_METRICS.map((metric) => headText(metric) + samplesText(metric, metric.read(figures)));
      const ofRollouts = rolloutsText(rollouts);
      const text = [await registry.metrics(), ...ofServer, ofRollouts, await versionsText(versions)].join('\n');
      return { contentType: registry.contentType, text };
    },
  };
}

/** Of one update for each model at most: a few lines. */
function rolloutsText(rollouts: RolloutMetricsSource): string {
  const counters = rollouts.counters();
  const underWay = rollouts.list(undefined).filter((view) => view.outcome === undefined);
  return [
    ...ROLLOUT_COUNTERS.map((metric) => headText(metric) + samplesText(metric, metric.read(counters))),
    ...ROLLOUT_GAUGES.map((metric) => headText(metric) + samplesText(metric, underWay.flatMap(metric.read))),
  ].join('\n');
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

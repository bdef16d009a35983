import type { Registry } from 'prom-client';
import type { LatencyStage, LatencySummary, StatisticsView, VersionView } from '../../serving/overview/views.ts';
import type { MetricsSource } from './prometheus.ts';
import { registerReadMetric, type Sample } from './read-metric.ts';

type Labels = Readonly<Record<string, string | number>>;
type Reader = (view: VersionView, labels: Labels) => readonly Sample[];

const STAGES: readonly LatencyStage[] = ['total', 'queue', 'decode', 'compute', 'encode'];
const STATES: readonly VersionView['state'][] = ['loading', 'ready', 'draining', 'failed'];

/** Figures of each resident version, labelled with its model and version. */
export function registerVersionMetrics(registry: Registry, source: MetricsSource): void {
  const register = (type: 'counter' | 'gauge' | 'histogram', name: string, help: string, read: Reader) =>
    registerReadMetric(registry, {
      name: `echoserve_${name}`,
      help,
      type,
      read: () =>
        source.residentVersions().flatMap((view) => read(view, { model: view.modelId, version: view.version })),
    });

  register('counter', 'requests_total', 'Inference requests that were answered or failed.', (view, labels) => [
    { labels, value: view.statistics.succeeded + failures(view.statistics) },
  ]);
  register('counter', 'request_failures_total', 'Inference requests that failed, by reason.', (view, labels) =>
    Object.entries(view.statistics.failed).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
  );
  register('gauge', 'requests_in_flight', 'Inference requests that are not answered yet.', (view, labels) => [
    { labels, value: view.statistics.inFlight },
  ]);
  register('histogram', 'request_duration_seconds', 'Time of answered requests by stage.', (view, labels) =>
    STAGES.flatMap((stage) => latencySamples(view.statistics.latency[stage], { ...labels, stage })),
  );
  register('counter', 'executions_total', 'Runs of the model.', (view, labels) => [
    { labels, value: view.statistics.executions },
  ]);
  register('histogram', 'batch_size', 'Requests that shared a run.', (view, labels) =>
    batchSamples(view.statistics, labels),
  );
  register('counter', 'runner_restarts_total', 'Fresh runners after one ended unasked.', (view, labels) => [
    { labels, value: view.statistics.restarts },
  ]);
  register('gauge', 'model_footprint_bytes', 'What the runner costs, as last measured.', (view, labels) =>
    view.measuredBytes === undefined ? [] : [{ labels, value: view.measuredBytes }],
  );
  register('gauge', 'model_traffic_weight', "Share of the model's unpinned traffic.", (view, labels) => [
    { labels, value: view.weight },
  ]);
  register('gauge', 'model_healthy', '1 when the last check passed.', (view, labels) => [
    { labels, value: view.health.status === 'healthy' ? 1 : 0 },
  ]);
  register('gauge', 'model_state', '1 for the state that the version is in.', (view, labels) =>
    STATES.map((state) => ({ labels: { ...labels, state }, value: view.state === state ? 1 : 0 })),
  );
}

function failures(statistics: StatisticsView): number {
  return Object.values(statistics.failed).reduce((sum, count) => sum + count, 0);
}

function latencySamples(latency: LatencySummary, labels: Labels): readonly Sample[] {
  return [
    ...latency.buckets.map(
      ({ leMs, count }): Sample => ({
        labels: { ...labels, le: bound(leMs / 1000) },
        value: count,
        suffix: '_bucket',
      }),
    ),
    { labels, value: latency.sumMs / 1000, suffix: '_sum' },
    { labels, value: latency.count, suffix: '_count' },
  ];
}

/** Bounds 1, 2, 4 … 1024: closed, so that series do not come and go with traffic. */
const BATCH_BOUNDS: readonly number[] = [...Array.from({ length: 11 }, (_, i) => 2 ** i), Number.POSITIVE_INFINITY];

function batchSamples(statistics: StatisticsView, labels: Labels): readonly Sample[] {
  const runs = Object.entries(statistics.batchSizes).map(([size, count]) => ({ size: Number(size), count }));
  const upTo = (most: number) => runs.reduce((sum, { size, count }) => (size <= most ? sum + count : sum), 0);
  return [
    ...BATCH_BOUNDS.map(
      (most): Sample => ({ labels: { ...labels, le: bound(most) }, value: upTo(most), suffix: '_bucket' }),
    ),
    { labels, value: runs.reduce((sum, { size, count }) => sum + size * count, 0), suffix: '_sum' },
    { labels, value: statistics.executions, suffix: '_count' },
  ];
}

function bound(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

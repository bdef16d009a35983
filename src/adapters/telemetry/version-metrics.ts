import type { LatencyStage, LatencySummary, StatisticsView, VersionView } from '../../serving/overview/views.ts';
import { labels, type MetricDescription, numberText, type Sample } from './exposition.ts';

interface VersionMetric extends MetricDescription {
  /** @param own the labels that name the version */
  readonly read: (view: VersionView, own: string) => readonly Sample[];
}

const STAGES: readonly LatencyStage[] = ['total', 'queue', 'decode', 'compute', 'encode'];
const STATES: readonly VersionView['state'][] = ['loading', 'ready', 'draining', 'failed'];

/** Figures of each resident version, labelled with its model and version. */
export const VERSION_METRICS: readonly VersionMetric[] = [
  metric('counter', 'requests_total', 'Inference requests that were answered or failed.', ({ statistics }, own) => [
    { labels: own, value: statistics.succeeded + failures(statistics) },
  ]),
  metric('counter', 'request_failures_total', 'Inference requests that failed, by reason.', ({ statistics }, own) =>
    Object.entries(statistics.failed).map(([reason, value]) => ({ labels: `${own},${labels({ reason })}`, value })),
  ),
  metric('gauge', 'requests_in_flight', 'Inference requests that are not answered yet.', ({ statistics }, own) => [
    { labels: own, value: statistics.inFlight },
  ]),
  metric('histogram', 'request_duration_seconds', 'Time of answered requests by stage.', ({ statistics }, own) =>
    STAGES.flatMap((stage) => latencySamples(statistics.latency[stage], `${own},${labels({ stage })}`)),
  ),
  metric('counter', 'executions_total', 'Runs of the model.', ({ statistics }, own) => [
    { labels: own, value: statistics.executions },
  ]),
  metric('histogram', 'batch_size', 'Requests that shared a run.', ({ statistics }, own) =>
    batchSamples(statistics, own),
  ),
  metric('counter', 'runner_restarts_total', 'Fresh runners after one ended unasked.', ({ statistics }, own) => [
    { labels: own, value: statistics.restarts },
  ]),
  metric('gauge', 'model_runners', 'Processes of it that are there.', ({ runners }, own) => [
    { labels: own, value: runners.length },
  ]),
  metric('gauge', 'open_sequences', 'Sequences of which it has the state.', ({ stateful }, own) =>
    stateful === undefined ? [] : [{ labels: own, value: stateful.openSequences }],
  ),
  metric('gauge', 'model_footprint_bytes', 'What its runners cost, as last measured.', ({ measuredBytes }, own) =>
    measuredBytes === undefined ? [] : [{ labels: own, value: measuredBytes }],
  ),
  metric('gauge', 'model_peak_bytes', 'The most that was ever resident of its runners.', ({ peakBytes }, own) =>
    peakBytes === undefined ? [] : [{ labels: own, value: peakBytes }],
  ),
  metric('gauge', 'model_estimate_bytes', 'What it was expected to need.', ({ allocation }, own) =>
    allocation === undefined ? [] : [{ labels: own, value: allocation.totalBytes }],
  ),
  metric('gauge', 'model_reserved_bytes', 'What is held for it in the budget.', ({ reservedBytes }, own) =>
    reservedBytes === undefined ? [] : [{ labels: own, value: reservedBytes }],
  ),
  metric('gauge', 'model_traffic_weight', "Share of the model's unpinned traffic.", ({ weight }, own) => [
    { labels: own, value: weight },
  ]),
  // What could not be checked is neither well nor ill.
  metric('gauge', 'model_healthy', '1 when the last check passed; absent while nothing is known.', ({ health }, own) =>
    health.status === 'unknown' ? [] : [{ labels: own, value: health.status === 'healthy' ? 1 : 0 }],
  ),
  metric('gauge', 'model_state', '1 for the state that the version is in.', (view, own) =>
    STATES.map((state) => ({ labels: `${own},${labels({ state })}`, value: view.state === state ? 1 : 0 })),
  ),
];

function metric(
  type: MetricDescription['type'],
  name: string,
  help: string,
  read: VersionMetric['read'],
): VersionMetric {
  return { name: `echoserve_${name}`, help, type, read };
}

function failures(statistics: StatisticsView): number {
  return Object.values(statistics.failed).reduce((sum, count) => sum + count, 0);
}

function latencySamples(latency: LatencySummary, own: string): readonly Sample[] {
  return [
    ...latency.buckets.map(({ leMs, count }) => bucket(own, leMs / 1000, count)),
    { labels: own, value: latency.sumMs / 1000, suffix: '_sum' },
    { labels: own, value: latency.count, suffix: '_count' },
  ];
}

/** Bounds 1, 2, 4 … 1024: closed, so that series do not come and go with traffic. */
const BATCH_BOUNDS: readonly number[] = [...Array.from({ length: 11 }, (_, i) => 2 ** i), Number.POSITIVE_INFINITY];

function batchSamples(statistics: StatisticsView, own: string): readonly Sample[] {
  const runs = Object.entries(statistics.batchSizes).map(([size, count]) => ({ size: Number(size), count }));
  const upTo = (most: number) => runs.reduce((sum, { size, count }) => (size <= most ? sum + count : sum), 0);
  return [
    ...BATCH_BOUNDS.map((most) => bucket(own, most, upTo(most))),
    { labels: own, value: runs.reduce((sum, { size, count }) => sum + size * count, 0), suffix: '_sum' },
    { labels: own, value: statistics.executions, suffix: '_count' },
  ];
}

function bucket(own: string, most: number, value: number): Sample {
  return { labels: `${own},le="${numberText(most)}"`, value, suffix: '_bucket' };
}

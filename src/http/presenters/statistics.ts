import type { z } from 'zod';
import type { LatencyStage, LatencySummary, StatisticsView } from '../../serving/overview/views.ts';
import type { DetailedStatistics, Statistics } from '../schemas/statistics.ts';

type WireStatistics = z.output<typeof Statistics>;
type WireDetails = z.output<typeof DetailedStatistics>;

export function presentStatistics(view: StatisticsView): WireStatistics {
  return { ...presentCounts(view), latency: eachStage(view.latency, presentLatency) };
}

/** With the histograms' buckets. */
export function presentDetailedStatistics(view: StatisticsView): WireDetails {
  return { ...presentCounts(view), latency: eachStage(view.latency, presentHistogram) };
}

function presentCounts(view: StatisticsView): Omit<WireStatistics, 'latency'> {
  return {
    succeeded: view.succeeded,
    failed: { ...view.failed },
    in_flight: view.inFlight,
    executions: view.executions,
    batch_sizes: Object.fromEntries(Object.entries(view.batchSizes)),
    restarts: view.restarts,
    last_request_at: view.lastRequestAt === undefined ? null : new Date(view.lastRequestAt).toISOString(),
  };
}

function presentLatency(summary: LatencySummary): WireStatistics['latency']['total'] {
  return {
    count: summary.count,
    sum_ms: summary.sumMs,
    p50_ms: finite(summary.p50Ms),
    p90_ms: finite(summary.p90Ms),
    p99_ms: finite(summary.p99Ms),
  };
}

function presentHistogram(summary: LatencySummary): WireDetails['latency']['total'] {
  return {
    ...presentLatency(summary),
    buckets: summary.buckets.map(({ leMs, count }) => ({ le_ms: finite(leMs) ?? '+Inf', count })),
  };
}

/** JSON has no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function eachStage<T>(
  latency: Readonly<Record<LatencyStage, LatencySummary>>,
  present: (summary: LatencySummary) => T,
): Record<LatencyStage, T> {
  return {
    total: present(latency.total),
    queue: present(latency.queue),
    decode: present(latency.decode),
    compute: present(latency.compute),
    encode: present(latency.encode),
  };
}

import type { Metric, Registry } from 'prom-client';

/** One line of the text form, without its metric's name. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it is not the metric's own name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Called at each scrape. */
  readonly read: () => readonly Sample[];
}

/**
 * A metric whose values are kept elsewhere. prom-client's own classes keep their values, and its histogram can not be
 * set; but a registry only ever calls `get`, and writes what that gives.
 */
export function registerReadMetric(registry: Registry, { name, help, type, read }: MetricDescription): void {
  const metric = {
    name,
    help,
    type,
    get: async () => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: read().map(({ labels, value, suffix }) => ({ metricName: `${name}${suffix ?? ''}`, labels, value })),
    }),
    reset: () => undefined,
  };
  // The declared type is the union of prom-client's classes, with members for recording that a registry never calls.
  registry.registerMetric(metric as unknown as Metric);
}

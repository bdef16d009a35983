/**
 * Prometheus' text form, for figures that are kept elsewhere. prom-client writes it for values that its own classes
 * keep, and all of it in one go: with a hundred versions that held the HTTP thread for 30 ms.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

/** One line, without its metric's name. */
export interface Sample {
  /** As they are written, from `labels`; empty for none. */
  readonly labels: string;
  readonly value: number;
  /** Where it is not the metric's own name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export function headText({ name, help, type }: MetricDescription): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

export function samplesText({ name }: MetricDescription, samples: readonly Sample[]): string {
  let text = '';
  for (const { labels, value, suffix = '' } of samples) {
    text += `${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`;
  }
  return text;
}

/** `labels({ model: 'iris', version: '1' })` is `model="iris",version="1"`. */
export function labels(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

export function numberText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

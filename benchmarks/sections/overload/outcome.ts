import type { Failure, Sample } from '../../load/open-loop.ts';
import { percentile } from '../../measure/statistics.ts';

/** What became of the requests that were due in a stretch of time. */
export interface Outcome {
  readonly sent: number;
  /** Answered with 200 within the deadline. */
  readonly inTime: number;
  /** Answered with 200, and too late. */
  readonly late: number;
  /** 429 and 503: turned away at once. */
  readonly refused: number;
  /** 504: the deadline passed while it waited. */
  readonly expired: number;
  /** Every other answer, and lost connections. */
  readonly failed: number;
  /** Answers in time, per second. */
  readonly goodput: number;
  /** Of all that were answered with 200, from the intended send time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** When the requests were due that count, in times of `performance.now()`: from the first, before the second. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function outcomeOf(
  answers: { readonly samples: readonly Sample[]; readonly failures: readonly Failure[] },
  { fromMs, untilMs }: Stretch,
  deadlineMs: number,
): Outcome {
  const counts = ({ dueMs }: Sample | Failure): boolean => dueMs >= fromMs && dueMs < untilMs;
  const latencies = answers.samples.filter(counts).map(({ latencyMs }) => latencyMs);
  const statuses = answers.failures.filter(counts).map(({ status }) => status);
  const sorted = latencies.toSorted((a, b) => a - b);
  const inTime = latencies.filter((latencyMs) => latencyMs <= deadlineMs).length;
  const refused = statuses.filter((status) => status === 429 || status === 503).length;
  const expired = statuses.filter((status) => status === 504).length;
  return {
    sent: latencies.length + statuses.length,
    inTime,
    late: latencies.length - inTime,
    refused,
    expired,
    failed: statuses.length - refused - expired,
    goodput: (inTime * 1000) / (untilMs - fromMs),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}

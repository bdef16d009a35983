import { LatencyHistogram } from '../../running/histogram.ts';

/** Batch sizes from 1 to 2^15, by powers of two. */
const BUCKETS = 16;
/** A 99th percentile of fewer answers is their largest. */
const ENOUGH = 100;

/** What one version did in live traffic since its update began, or the last restart. */
export class ArmFigures {
  /** Requests that were drawn for it and whose outcome is known. */
  samples = 0;
  failures = 0;
  readonly #compute = new LatencyHistogram();
  readonly #byBatch: (LatencyHistogram | undefined)[] = Array.from({ length: BUCKETS }, () => undefined);

  answered(computeMs: number, batchSize: number): void {
    this.#compute.record(computeMs);
    const bucket = bucketOf(batchSize);
    const histogram = this.#byBatch[bucket] ?? new LatencyHistogram();
    this.#byBatch[bucket] = histogram;
    histogram.record(computeMs);
  }

  /** Of compute time, for batches of about this size, in milliseconds; undefined before it is known. */
  p99Ms(batchSize: number): number | undefined {
    const histogram = this.#byBatch[bucketOf(batchSize)];
    return histogram === undefined || histogram.count < ENOUGH ? undefined : histogram.quantile(0.99);
  }

  /** Of compute time, in milliseconds; undefined before the first answer. */
  quantileMs(q: number): number | undefined {
    return this.#compute.count === 0 ? undefined : this.#compute.quantile(q);
  }
}

function bucketOf(batchSize: number): number {
  return Math.min(BUCKETS - 1, 31 - Math.clz32(Math.max(1, batchSize)));
}

import type { ErrorCode } from '../../core/errors.ts';
import type { StatisticsView } from '../overview/views.ts';
import type { RunReply } from '../ports/engine.ts';
import { LatencyHistogram } from './histogram.ts';

/** What one version did since it was first loaded. Recording is O(1). */
export class VersionStatistics {
  restarts = 0;
  #inFlight = 0;
  #succeeded = 0;
  #lastRequestAt: number | undefined;
  readonly #failed = new Map<ErrorCode, number>();
  /** Answers by the size of the batch they came from. */
  #answersByBatchSize = new Float64Array(33);
  readonly #total = new LatencyHistogram();
  readonly #queue = new LatencyHistogram();
  readonly #decode = new LatencyHistogram();
  readonly #compute = new LatencyHistogram();
  readonly #encode = new LatencyHistogram();

  get inFlight(): number {
    return this.#inFlight;
  }

  /** @param nowMs epoch milliseconds */
  begin(nowMs: number): void {
    this.#inFlight += 1;
    this.#lastRequestAt = nowMs;
  }

  succeed(totalMs: number, reply: RunReply): void {
    this.#inFlight -= 1;
    this.#succeeded += 1;
    this.#total.record(totalMs);
    this.#queue.record(reply.timings.queueMs);
    this.#decode.record(reply.timings.decodeMs);
    this.#compute.record(reply.timings.computeMs);
    this.#encode.record(reply.timings.encodeMs);
    const size = Math.max(1, reply.batchSize);
    if (size >= this.#answersByBatchSize.length) this.#grow(size);
    this.#answersByBatchSize[size] = (this.#answersByBatchSize[size] ?? 0) + 1;
  }

  /** Failures are counted by reason; their durations would only blur the latency of answers. */
  fail(code: ErrorCode): void {
    this.#inFlight -= 1;
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1);
  }

  /** A request that was meant for this version and found it unable to answer. */
  refuse(code: ErrorCode, nowMs: number): void {
    this.begin(nowMs);
    this.fail(code);
  }

  snapshot(): StatisticsView {
    const batchSizes = this.#runsByBatchSize();
    return {
      succeeded: this.#succeeded,
      failed: Object.fromEntries(this.#failed),
      inFlight: this.#inFlight,
      executions: Object.values(batchSizes).reduce((sum, runs) => sum + runs, 0),
      batchSizes,
      lastRequestAt: this.#lastRequestAt,
      latency: {
        total: this.#total.summary(),
        queue: this.#queue.summary(),
        decode: this.#decode.summary(),
        compute: this.#compute.summary(),
        encode: this.#encode.summary(),
      },
      restarts: this.restarts,
    };
  }

  /**
   * A run of b requests gives b answers: b answers are one run. Where some of a batch failed or were given up,
   * their share is missing: it is rounded up, as a run that gave an answer did run.
   */
  #runsByBatchSize(): Record<number, number> {
    const runs: Record<number, number> = {};
    this.#answersByBatchSize.forEach((answers, size) => {
      if (answers > 0) runs[size] = Math.ceil(answers / size);
    });
    return runs;
  }

  #grow(size: number): void {
    const grown = new Float64Array(Math.max(size + 1, this.#answersByBatchSize.length * 2));
    grown.set(this.#answersByBatchSize);
    this.#answersByBatchSize = grown;
  }
}

import { ERROR_CODES, type ErrorCode } from '../../core/errors.ts';
import { EvictionCounter } from './eviction-counter.ts';

/** Running totals of the whole server; those of one version are in its statistics, and go with it. */
export class Counters {
  loads = 0;
  successfulLoads = 0;
  failedLoads = 0;
  /** Sum over successful loads. */
  loadTimeMs = 0;
  cacheHits = 0;
  cacheMisses = 0;
  unloads = 0;
  readonly evictions = new EvictionCounter();
  /** Runners found above what was reserved for them by a third. */
  drifts = 0;
  /** Idle runners replaced for that. */
  recycles = 0;
  runnerRestarts = 0;
  requests = 0;
  /** Requests that failed, by reason; each reason is there from the start. */
  // The entries are those of the list of all codes.
  readonly failures = Object.fromEntries(ERROR_CODES.map((code) => [code, 0])) as Record<ErrorCode, number>;

  fail(code: ErrorCode): void {
    this.failures[code] += 1;
  }

  get failedRequests(): number {
    return Object.values(this.failures).reduce((sum, count) => sum + count, 0);
  }
}

/** What became of a live request on the version that was drawn for it. A fallback's outcome is none of these. */
export type Outcome =
  | { readonly kind: 'answered'; readonly isFinite: boolean; readonly computeMs: number; readonly limitMs: number }
  /** An error of the version: it refused or failed alone, or did not keep its attempt budget. */
  | { readonly kind: 'failed' }
  /** It was cancelled or outlived its deadline: all that is known is how long it had computed (0 while queued). */
  | { readonly kind: 'censored'; readonly computeMs: number; readonly limitMs: number }
  /**
   * It failed because the version's process had crashed and was not back: that is the crash's one event. Such requests
   * fail by the dozen for one reason, and would convict a version of each crash that the other has as often.
   */
  | { readonly kind: 'part_of_crash' }
  /** The request's own fault, which both versions refuse. */
  | { readonly kind: 'refused_by_both' };

export interface ComputeLimit {
  /** What the request's deadline leaves in all. */
  readonly deadlineMs: number;
  /** In (0, 1]. */
  readonly share: number;
  /** The old version's 99th percentile for batches of this size; undefined before it is known. */
  readonly oldP99Ms: number | undefined;
}

/** How many times the old version's 99th percentile is too slow for a live request. */
const P99_FACTOR = 10;

/**
 * Compute time above which an answer is a bad event, the same for both versions: the larger of a share of the deadline
 * and 10 × the old version's p99 for that batch bucket. Coarse on purpose: live times of two versions at different
 * weights are not comparable, and paired runs measure finer.
 */
export function computeLimitMs({ deadlineMs, share, oldP99Ms }: ComputeLimit): number {
  return Math.max(deadlineMs * share, P99_FACTOR * (oldP99Ms ?? 0));
}

/**
 * Whether an outcome is a bad event. Queueing never is one: it depends on the weight.
 *
 * @param timeCounts whether compute times count yet (see `warmth.ts`)
 */
export function isBadEvent(outcome: Outcome, timeCounts: boolean): boolean {
  switch (outcome.kind) {
    case 'failed':
      return true;
    case 'refused_by_both':
    case 'part_of_crash':
      return false;
    case 'answered':
      return !outcome.isFinite || (timeCounts && outcome.computeMs > outcome.limitMs);
    case 'censored':
      return timeCounts && outcome.computeMs > outcome.limitMs;
  }
}

/** Fallbacks at once, after a quiet time. */
export const FALLBACK_BURST = 50;
/** Fallbacks per request, in the long run. */
export const FALLBACK_SHARE = 0.1;

/**
 * How many more requests the old version may run in the new one's place: a new version that fails everything must not
 * double the load of the old one. A token bucket, as plain data.
 */
export interface FallbackBudget {
  /** From 0 to {@link FALLBACK_BURST}; fractions are kept. */
  readonly tokens: number;
  /** When that was so, in milliseconds of any clock. */
  readonly at: number;
}

export interface FallbackDemand {
  /** Of the clock of `at`. One that was set back refills nothing. */
  readonly now: number;
  /** Requests of the model, to both versions together. */
  readonly requestsPerSecond: number;
  /** See `isUnderSuspicion`: then its clients come first, whatever it costs the old version. */
  readonly suspected: boolean;
}

export function fullFallbackBudget(now: number): FallbackBudget {
  return { tokens: FALLBACK_BURST, at: now };
}

/**
 * Whether one more failed request may be run on the old version, and what is left then. At 200 requests/s an empty
 * bucket allows the next one after 50 ms: 0.1 × 200 are 20 tokens a second. Under suspicion none is taken.
 */
export function takeFallback(
  budget: FallbackBudget,
  { now, requestsPerSecond, suspected }: FallbackDemand,
): { readonly allowed: boolean; readonly budget: FallbackBudget } {
  const elapsedS = Math.max(0, now - budget.at) / 1000;
  const refill = FALLBACK_SHARE * Math.max(0, requestsPerSecond) * elapsedS;
  const tokens = Math.min(FALLBACK_BURST, budget.tokens + refill);
  const at = Math.max(now, budget.at);
  if (suspected) return { allowed: true, budget: { tokens, at } };
  // Sums of tenths fall short of 1 by rounding; the bucket is no less full for it.
  const allowed = tokens >= 1 - 1e-9;
  return { allowed, budget: { tokens: allowed ? Math.max(0, tokens - 1) : tokens, at } };
}

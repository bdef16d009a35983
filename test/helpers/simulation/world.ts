/** A simulated service: its traffic, its two versions, and what goes wrong. Times in milliseconds. */
export interface World {
  readonly requestsPerSecond: number;
  /** Regular arrivals of which every 20th is heavy and fails ten times as often, or random ones (Poisson). */
  readonly arrivals: 'poisson' | 'periodic';
  /** Sticky clients, of which few send most (Zipf); 0: no routing keys. */
  readonly clients: number;
  /** Probability that one run of a request fails by itself. */
  readonly failureRate: { readonly new: number; readonly old: number };
  /** Share of inputs that fail on both versions, and break the batch that they are in. */
  readonly poisonShare: number;
  /** Share of broken batches that can not be rerun singly. */
  readonly inseparableShare: number;
  /** Share of failures that are noticed only when the attempt's time is over: sooner on the new version. */
  readonly hangShare: number;
  /** Outages of what both versions depend on: every so often, for so long, with this failure rate. */
  readonly bursts: { readonly everyMs: number; readonly lengthMs: number; readonly failureRate: number } | undefined;
  /** Outages of each version by itself, as often on either side, never of both at once. */
  readonly ownOutages: { readonly everyMs: number; readonly lengthMs: number } | undefined;
  /** Probability that the process crashes in a batch, for each member. */
  readonly crashRate: number;
  /** Probability that a client sends a request that failed again, a second later. */
  readonly retryShare: number;
  /** What the new version's compute time is multiplied by. */
  readonly slowdown: number;
}

/** 50 requests/s of a model of about 24 ms, in which nothing goes wrong. */
export const QUIET: World = {
  requestsPerSecond: 50,
  arrivals: 'poisson',
  clients: 0,
  failureRate: { new: 0, old: 0 },
  poisonShare: 0,
  inseparableShare: 0,
  hangShare: 0,
  bursts: undefined,
  ownOutages: undefined,
  crashRate: 0,
  retryShare: 0,
  slowdown: 1,
};

/** Both versions fail at this rate: half by the run, half by the input, some late, with clients that try again. */
export function identicalVersions(rate: number, more: Partial<World> = {}): World {
  return {
    ...QUIET,
    failureRate: { new: rate / 2, old: rate / 2 },
    poisonShare: rate / 2,
    inseparableShare: 0.3,
    hangShare: 0.3,
    crashRate: rate / 50,
    retryShare: 0.5,
    ...more,
  };
}

/** Until when an attempt is waited for: half of the deadline on the new version, since the old may have to answer. */
export const ATTEMPT_MS = { new: 5_000, old: 10_000 } as const;

/** The failure rate of a run on one version at a time. */
export function failureRateAt(world: World, arm: 'new' | 'old', nowMs: number, isHeavy: boolean): number {
  const { bursts, ownOutages } = world;
  if (bursts !== undefined && nowMs % bursts.everyMs < bursts.lengthMs) return bursts.failureRate;
  if (ownOutages !== undefined) {
    const shiftMs = arm === 'new' ? ownOutages.everyMs / 2 : 0;
    if ((nowMs + shiftMs) % ownOutages.everyMs < ownOutages.lengthMs) return 1;
  }
  const rate = world.failureRate[arm];
  // One in twenty at 10 × the rate, the others lower, so that the mean is the rate: (10 + 19·10/19)/20 = 1.
  return world.arrivals === 'periodic' ? Math.min(1, rate * (isHeavy ? 10 : 10 / 19)) : rate;
}

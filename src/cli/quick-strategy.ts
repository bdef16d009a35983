const PERCENTS = [5, 15, 30, 50, 75, 90, 100];

const PACES = {
  usual: { dwellMs: 2500, samples: 30, bakeMs: 2000 },
  short: { dwellMs: 300, samples: 8, bakeMs: 300 },
} as const;

/** How long a person watches an update: about 20 s, or 7 s. */
export type Pace = keyof typeof PACES;

/** An update of the irises in seconds instead of minutes: too short a look at a version that matters. */
export function quickStrategy(pace: Pace): object {
  const { dwellMs, samples, bakeMs } = PACES[pace];
  return {
    stages: PERCENTS.map((percent) => ({ percent, min_dwell_ms: dwellMs, min_samples: samples })),
    bake_ms: bakeMs,
    // Few enough that it is up to the clients' requests to find out about a version that fails.
    first_pairs: 20,
    first_time_pairs: 10,
    // Version 1 was trained briefly: that version 2 is surer, and of another mind now and then, is what it is for.
    drift_limits: { min_top1_agreement: 0.5, min_cosine: null },
  };
}

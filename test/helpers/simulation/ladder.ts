/** The stages of an update, as far as the simulation needs them. */

export interface SimulatedStage {
  readonly weight: number;
  readonly dwellMs: number;
  readonly samples: number;
}

export const LADDER: readonly SimulatedStage[] = [
  { weight: 0.05, dwellMs: 5_000, samples: 59 },
  { weight: 0.15, dwellMs: 5_000, samples: 59 },
  { weight: 0.3, dwellMs: 5_000, samples: 59 },
  { weight: 0.5, dwellMs: 10_000, samples: 299 },
  { weight: 0.75, dwellMs: 10_000, samples: 59 },
  { weight: 0.9, dwellMs: 10_000, samples: 299 },
  { weight: 1, dwellMs: 10_000, samples: 59 },
];

/** Nothing but the first stage, for as long as the simulation goes on. */
export const HELD: readonly SimulatedStage[] = [{ weight: 0.05, dwellMs: Number.POSITIVE_INFINITY, samples: 0 }];

/** A stage is not passed while max π·E is at least this. */
export const SUSPICION = 2;

/** How long a stage is held for suspicion before a person is asked. */
export const HOLD_MS = 120_000;

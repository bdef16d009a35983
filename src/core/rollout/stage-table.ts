/** How much is asked of a version before it gets more traffic. */
export type RolloutProfile = 'default' | 'careful';

/** One rung of the ladder. */
export interface Stage {
  /** The new version's share of the traffic: a multiple of 5, as the router deals it in blocks of 20. */
  readonly percent: number;
  /** The least time at this weight, in milliseconds. */
  readonly minDwellMs: number;
  /** Answers of the new version, with their outcome known, before the stage may be passed. */
  readonly minSamples: number;
  /** Whether the stage also needs probes in a row and agreement with the old version. */
  readonly extended: boolean;
}

/** What the new version's share is by default, stage by stage. */
export const DEFAULT_PERCENTS: readonly number[] = [5, 15, 30, 50, 75, 90, 100];

const EXTENDED_PERCENTS: readonly number[] = [50, 90];

/**
 * The row of the table for a weight. 59 answers without a failure: 95 % sure that fewer than 5 % fail; 299: 1 %; 599:
 * 0.5 %; 999: 0.3 % (n = ln 0.05 / ln(1 − p)).
 */
export function stageOf(percent: number, profile: RolloutProfile): Stage {
  const extended = EXTENDED_PERCENTS.includes(percent);
  return {
    percent,
    minDwellMs: percent < 50 ? 5000 : 10_000,
    minSamples: profile === 'careful' ? carefulSamples(percent) : extended ? 299 : 59,
    extended,
  };
}

/** 299 three times, 599, 599, 999 and 999 on the seven default stages. */
function carefulSamples(percent: number): number {
  if (percent < 50) return 299;
  return percent < 90 ? 599 : 999;
}

import type { LogShares } from './reasons.ts';

/** How well the answers of both versions to the same inputs agree. A null member does not apply to the model. */
export interface Agreement {
  readonly pairs: number;
  /** The share of pairs whose largest element is the same one. */
  readonly top1: number | null;
  /** Over all pairs. */
  readonly maxAbsoluteDifference: number | null;
  /** The least one, of all pairs. */
  readonly cosine: number | null;
}

/** What is known at a tick. Counts are from `since` of the state on; what was not measured is null, or an empty list. */
export interface StageMeasurements {
  /** Live answers of the new version whose outcome is known. */
  readonly liveSamples: number;
  /** Pairs on recorded requests, and on synthetic ones. */
  readonly recordedPairs: number;
  readonly syntheticPairs: number;
  readonly evidence: LogShares;
  /** Health probes of the new version, in the order in which they were made. */
  readonly probes: readonly { readonly at: number; readonly passed: boolean }[];
  readonly agreement: Agreement | null;
}

/** One condition, with the numbers that it was judged by. */
export type GateCheck =
  | { readonly name: 'availability'; readonly passed: boolean; readonly waitsFor: string | null }
  | { readonly name: 'dwell'; readonly passed: boolean; readonly elapsedMs: number; readonly neededMs: number }
  | {
      readonly name: 'samples';
      readonly passed: boolean;
      /** What counted: live answers only, or pairs too since live ones would have taken too long. */
      readonly source: 'live' | 'live_and_pairs';
      readonly counted: number;
      readonly needed: number;
      readonly live: number;
      readonly recordedPairs: number;
      readonly syntheticPairs: number;
      /** How long live answers alone would take in all at the rate seen in this stage; null: none came. */
      readonly liveWouldTakeMs: number | null;
    }
  | {
      readonly name: 'evidence';
      readonly passed: boolean;
      readonly logShares: LogShares;
      /** Null: nothing was measured, which is no pass. */
      readonly largest: number | null;
      /** ln 2. */
      readonly limit: number;
    }
  | { readonly name: 'health_probe'; readonly passed: boolean; readonly lastAt: number | null }
  | {
      readonly name: 'probes_in_row';
      readonly passed: boolean;
      readonly inRow: number;
      readonly needed: number;
      readonly apartMs: number;
    }
  | {
      readonly name: 'agreement';
      readonly passed: boolean;
      readonly measured: Agreement | null;
      readonly neededPairs: number;
      /** Which limits the versions are apart by more than; a person is asked. */
      readonly crossed: readonly string[];
    };

/** Whether a stage, or the bake, may end: `wait` is for what comes by itself, `hold` for suspicion, `ask` for a person. */
export interface GateReport {
  readonly verdict: 'advance' | 'wait' | 'hold' | 'ask';
  readonly checks: readonly GateCheck[];
}

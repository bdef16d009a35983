import { type LiveEvent, type LiveEvidence, NO_LIVE_EVIDENCE, recordLive } from './live.ts';
import { NO_PAIR_EVIDENCE, type Pair, type PairEvidence, recordPair } from './pairs.ts';
import { NO_TIME_EVIDENCE, recordTimes, type TimeEvidence, type TimePair } from './times.ts';

/** All the evidence of one rollout, as plain immutable data. */
export interface Evidence {
  readonly live: LiveEvidence;
  readonly pairs: PairEvidence;
  readonly cpuTime: TimeEvidence;
  readonly wallTime: TimeEvidence;
}

export type EvidenceEvent =
  | ({ readonly kind: 'live' } & LiveEvent)
  | ({ readonly kind: 'pair' } & Pair)
  | ({ readonly kind: 'cpu_time' | 'wall_time' } & TimePair);

/** What is accepted of a new version. It does not change within a rollout: bets with two nulls prove neither. */
export interface Tolerance {
  /** ρ ≥ 1: how many times the old version's odds of failing. */
  readonly failureOdds: number;
  /** δ of processor time: 0.25 is 25 % more. */
  readonly cpuTime: number;
  /** δ of wall time. */
  readonly wallTime: number;
}

export const DEFAULT_TOLERANCE: Tolerance = { failureOdds: 1.25, cpuTime: 0.25, wallTime: 1 };

export const NO_EVIDENCE: Evidence = {
  live: NO_LIVE_EVIDENCE,
  pairs: NO_PAIR_EVIDENCE,
  cpuTime: NO_TIME_EVIDENCE,
  wallTime: NO_TIME_EVIDENCE,
};

/** The evidence after one more event. Live ones come in the order of assignment (see `reorder-buffer.ts`). */
export function record(evidence: Evidence, event: EvidenceEvent, tolerance: Tolerance): Evidence {
  switch (event.kind) {
    case 'live':
      return { ...evidence, live: recordLive(evidence.live, event, tolerance.failureOdds) };
    case 'pair':
      return { ...evidence, pairs: recordPair(evidence.pairs, event, tolerance.failureOdds) };
    case 'cpu_time':
      return { ...evidence, cpuTime: recordTimes(evidence.cpuTime, event, tolerance.cpuTime) };
    case 'wall_time':
      return { ...evidence, wallTime: recordTimes(evidence.wallTime, event, tolerance.wallTime) };
  }
}

/** Whether an event has changed any wealth. Most tell nothing, and nothing is to be judged then. */
export function hasMoved(before: Evidence, after: Evidence): boolean {
  return (
    before.live.wealth !== after.live.wealth ||
    before.pairs.wealth !== after.pairs.wealth ||
    before.cpuTime !== after.cpuTime ||
    before.wallTime !== after.wallTime
  );
}

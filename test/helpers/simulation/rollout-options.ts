import { DEFAULT_TOLERANCE, type Tolerance } from '../../../src/core/rollout/evidence/evidence.ts';
import type { Component } from '../../../src/core/rollout/evidence/verdict.ts';
import { LADDER, type SimulatedStage } from './ladder.ts';

export interface RolloutOptions {
  readonly stages: readonly SimulatedStage[];
  /** Pairs that are run before any traffic. */
  readonly failurePairs: number;
  readonly timePairs: number;
  readonly bakeMs: number;
  /** When the simulation ends at the latest. */
  readonly horizonMs: number;
  readonly alpha: number;
  readonly tolerance: Tolerance;
}

export const ON_THE_LADDER: RolloutOptions = {
  stages: LADDER,
  failurePairs: 59,
  timePairs: 20,
  bakeMs: 30_000,
  horizonMs: 3_600_000,
  alpha: 0.01,
  tolerance: DEFAULT_TOLERANCE,
};

export interface RolloutResult {
  readonly end: 'rolled_back' | 'completed' | 'paused' | 'undecided';
  readonly because: Component | undefined;
  /** Live answers of the new version that were bad. */
  readonly badAnswers: number;
  /** Live answers of the new version in all. */
  readonly answers: number;
  /** The stage of the end; 0 before any traffic. */
  readonly stage: number;
}

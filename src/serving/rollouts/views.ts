import type { Facts } from '../../core/rollout/facts.ts';
import type { GateReport } from '../../core/rollout/gate-report.ts';
import type { LogEntry } from '../../core/rollout/log-entry.ts';
import type { HoldCause, LogShares, PauseReason, RollbackReason } from '../../core/rollout/reasons.ts';
import type { RolloutConfig } from '../../core/rollout/rollout-config.ts';
import type { Phase } from '../../core/rollout/rollout-state.ts';

/** One version's side of an update, from the update's beginning or the last restart on. Times are milliseconds. */
export interface ArmView {
  readonly version: string;
  /** Percent of the unpinned traffic. */
  readonly weight: number;
  readonly ready: boolean;
  /** Live requests that were drawn for it and whose outcome is known. */
  readonly samples: number;
  /** Of those, the ones that count as failures. */
  readonly failures: number;
  /** Compute time of its live answers: upper bounds from a histogram's buckets; undefined before the first. */
  readonly computeP50Ms: number | undefined;
  readonly computeP99Ms: number | undefined;
}

/** An update as it is seen from outside. Times are epoch milliseconds. */
export interface RolloutView {
  readonly id: string;
  readonly modelId: string;
  readonly phase: Phase;
  readonly outcome: 'completed' | 'rolled_back' | 'aborted' | undefined;
  /** 1 for the first of `config.stages`, 0 before it. */
  readonly stage: number;
  readonly old: ArmView;
  readonly new: ArmView;
  readonly rollbackReason: RollbackReason | undefined;
  /** The numbers behind the rollback. */
  readonly rollbackFacts: Facts | undefined;
  readonly pause: { readonly reason: PauseReason; readonly since: number; readonly withdrawn: boolean } | undefined;
  readonly hold: { readonly cause: HoldCause; readonly since: number } | undefined;
  readonly breakerOpen: boolean;
  readonly createdAt: number;
  /** Since when its phase, or stage, lasts. */
  readonly since: number;
  readonly endedAt: number | undefined;
  /** What ends by itself next, and when. */
  readonly deadline: { readonly of: string; readonly at: number } | undefined;
  /** What is known of this stage; undefined where no gate was asked yet. */
  readonly gate: GateReport | undefined;
  /** ln(π·E) by component. It rolls back at ln(1/α). */
  readonly evidence: LogShares;
  readonly pairs: {
    /** Inputs that both versions were given to compare them, from the beginning or the last restart on. */
    readonly run: number;
    /** Those in which the new, or the old version alone failed. */
    readonly newOnlyFailed: number;
    readonly oldOnlyFailed: number;
    /** Inputs that both were timed on. */
    readonly timed: number;
  };
  readonly fallbacks: {
    /** Requests that the new version failed and the old one answered. */
    readonly answered: number;
    /** Those that the old one had no room for, or failed too. */
    readonly failed: number;
  };
  readonly config: RolloutConfig;
  /** The number of the last event. */
  readonly lastEvent: number;
}

export type RolloutEventView = LogEntry;

/** What a rollout may be asked to do. */
export type RolloutAction =
  | { readonly type: 'pause' | 'resume' | 'abort' }
  | { readonly type: 'promote'; readonly toEnd: boolean };

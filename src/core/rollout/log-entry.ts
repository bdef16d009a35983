import type { Facts } from './facts.ts';
import type { GateReport } from './gate-report.ts';
import type { AdvanceReason, HoldCause, PauseReason, RollbackReason } from './reasons.ts';
import type { Phase } from './rollout-state.ts';

/** What was decided, why, and the numbers behind it. */
export type LogBody =
  | { readonly type: 'created'; readonly startPaused: boolean; readonly facts: Facts }
  | {
      readonly type: 'entered';
      readonly phase: Exclude<Phase, 'pending' | 'rolling_back'>;
      /** The stage that it is, or was, in; 0 before the first. */
      readonly stage: number;
      readonly reason: AdvanceReason;
      /** What the stage before was passed on; null where no gate was asked. */
      readonly gate: GateReport | null;
      readonly facts: Facts;
    }
  /** The new version has passed its probes, and something keeps it from traffic. */
  | { readonly type: 'proven'; readonly facts: Facts }
  | { readonly type: 'rollback_began'; readonly reason: RollbackReason; readonly facts: Facts }
  | {
      readonly type: 'paused';
      readonly reason: PauseReason;
      /** A failure, with `onFailure: pause`: the new version has no traffic until a person decides. */
      readonly withdrawn: boolean;
      readonly gate: GateReport | null;
      readonly facts: Facts;
    }
  | { readonly type: 'resumed'; readonly facts: Facts }
  | { readonly type: 'hold_began'; readonly cause: HoldCause; readonly facts: Facts }
  | { readonly type: 'hold_ended'; readonly facts: Facts }
  | {
      readonly type: 'breaker_opened' | 'breaker_closed' | 'new_lost' | 'new_ready' | 'old_lost' | 'old_ready';
      readonly facts: Facts;
    }
  | {
      readonly type: 'restarted';
      readonly clean: boolean;
      readonly phase: 'pending' | 'loading';
      readonly resumesIn: 'stage' | 'baking' | null;
      readonly facts: Facts;
    };

/** One line of a rollout's log. The log is append-only and has no gap. */
export type LogEntry = LogBody & {
  /** 1 for the first. */
  readonly sequence: number;
  /** Epoch milliseconds; never less than the entry's before, but where the server was restarted between. */
  readonly at: number;
};

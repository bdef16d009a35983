import type { Facts } from './facts.ts';
import type { StageMeasurements } from './gate-report.ts';
import type { EvidenceComponent, Finding } from './reasons.ts';

/** What may happen to a rollout, and what a person may ask of it. */
export type RolloutEvent =
  /** Memory for both versions is admitted: the load may begin. */
  | { readonly type: 'start' }
  | { readonly type: 'loaded'; readonly facts: Facts }
  | { readonly type: 'load_failed'; readonly facts: Facts }
  /** The comprehensive health check is through; the facts say what it measured. */
  | { readonly type: 'probes_passed'; readonly facts: Facts }
  | { readonly type: 'finding'; readonly finding: Finding; readonly facts: Facts }
  /** A component's share π·E has reached 1/α; `logShare` is its logarithm. */
  | {
      readonly type: 'verdict';
      readonly component: EvidenceComponent;
      readonly logShare: number;
      readonly facts: Facts;
    }
  /** Time to see whether the stage, or the bake, may end. */
  | { readonly type: 'tick'; readonly measured: StageMeasurements }
  /** The new version has had more to do than it can, for this long without a break. */
  | { readonly type: 'saturated'; readonly forMs: number; readonly facts: Facts }
  /** The moment that `nextDeadline` named has come. */
  | { readonly type: 'deadline' }
  | { readonly type: 'breaker_opened'; readonly facts: Facts }
  /** Pairs have settled it. */
  | { readonly type: 'breaker_closed'; readonly facts: Facts }
  /** A version can not answer: its runner is gone, or not yet back. */
  | { readonly type: 'new_lost' | 'old_lost'; readonly facts: Facts }
  /** It can again: loaded, and its probes passed. */
  | { readonly type: 'new_ready' | 'old_ready'; readonly facts: Facts }
  | { readonly type: 'hook'; readonly name: string; readonly answer: 'pause' | 'rollback' }
  | { readonly type: 'pause' | 'resume' | 'abort' }
  | { readonly type: 'promote'; readonly toEnd: boolean }
  /** A later update of the same model takes this one's place. */
  | { readonly type: 'supersede'; readonly by: string }
  /** The server has come back. Clean: it had said goodbye before. */
  | { readonly type: 'server_restarted'; readonly clean: boolean }
  /** The version that the end leaves without traffic has no leases any more. */
  | { readonly type: 'drained' }
  /** A rollback's new version is gone. */
  | { readonly type: 'unloaded' };

export type RolloutEventType = RolloutEvent['type'];
export type EventOf<T extends RolloutEventType> = RolloutEvent extends infer E
  ? E extends { readonly type: infer U }
    ? T extends U
      ? E & { readonly type: T }
      : never
    : never
  : never;

export const ROLLOUT_EVENT_TYPES = [
  'start',
  'loaded',
  'load_failed',
  'probes_passed',
  'finding',
  'verdict',
  'tick',
  'saturated',
  'deadline',
  'breaker_opened',
  'breaker_closed',
  'new_lost',
  'new_ready',
  'old_lost',
  'old_ready',
  'hook',
  'pause',
  'resume',
  'promote',
  'abort',
  'supersede',
  'server_restarted',
  'drained',
  'unloaded',
] as const satisfies readonly RolloutEventType[];

export function isEvent<T extends RolloutEventType>(event: RolloutEvent, type: T): event is EventOf<T> {
  return event.type === type;
}

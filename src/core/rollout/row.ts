import type { LogBody } from './log-entry.ts';
import type { RolloutConfig } from './rollout-config.ts';
import { type EventOf, isEvent, type RolloutEvent, type RolloutEventType } from './rollout-events.ts';
import type { Phase, RolloutState } from './rollout-state.ts';

/** What a guard and a decision may look at. */
export interface Context<T extends RolloutEventType> {
  readonly state: RolloutState;
  readonly event: EventOf<T>;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly config: RolloutConfig;
}

/** Where a row may lead. `same`: phase and stage stay; `stage` out of a stage is another one. */
export type Target = Phase | 'same';

interface RowOf<T extends RolloutEventType> {
  readonly on: T;
  readonly from: readonly Phase[];
  /** The guard in words; '' for always. */
  readonly when: string;
  readonly guard?: (context: Context<T>) => boolean;
  readonly to: readonly Target[];
  /** What happens, in words, with the reason. */
  readonly what: string;
  readonly log: (context: Context<T>) => readonly LogBody[];
}

/** One row of the machine's table. Of the rows for a phase and an event, the first whose guard holds is taken. */
export interface Row {
  readonly on: RolloutEventType;
  readonly from: readonly Phase[];
  readonly when: string;
  readonly to: readonly Target[];
  readonly what: string;
  /** What is to be logged, or undefined where the guard does not hold. */
  readonly decide: (
    state: RolloutState,
    event: RolloutEvent,
    now: number,
    config: RolloutConfig,
  ) => readonly LogBody[] | undefined;
}

export function row<T extends RolloutEventType>({ guard, log, ...listed }: RowOf<T>): Row {
  return {
    ...listed,
    decide: (state, event, now, config) => {
      if (!listed.from.includes(state.phase) || !isEvent(event, listed.on)) return undefined;
      const context = { state, event, now, config };
      return guard === undefined || guard(context) ? log(context) : undefined;
    },
  };
}

/** Phases from which a rollback is possible: all before `completed` that are not one already. */
export const OPEN: readonly Phase[] = ['pending', 'loading', 'probing', 'stage', 'baking', 'draining'];
/** Phases in which a pause stops something. */
export const PAUSABLE: readonly Phase[] = ['pending', 'loading', 'probing', 'stage', 'baking'];
/** Phases that a gate ends. */
export const GATED: readonly Phase[] = ['stage', 'baking'];
/** Phases in which a version that failed can be kept without traffic, for a person to look at. */
export const KEPT: readonly Phase[] = ['probing', 'stage', 'baking'];
export const TRAFFIC: readonly Phase[] = ['stage', 'baking', 'draining'];

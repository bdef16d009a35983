import { snakeMembers } from '../../core/casing.ts';
import type { RolloutEventView } from '../../serving/rollouts/views.ts';
import { presentGate } from './gate.ts';
import { presentFacts } from './rollout.ts';
import { time } from './units.ts';

/** An entry of an update's log as JSON: members that are plain keep their values. */
export function presentRolloutEvent(event: RolloutEventView): Readonly<Record<string, unknown>> {
  return {
    ...snakeMembers(event),
    at: time(event.at),
    facts: presentFacts(event.facts),
    ...('gate' in event ? { gate: event.gate === null ? null : presentGate(event.gate) } : {}),
  };
}

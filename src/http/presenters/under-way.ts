import type { RolloutServing } from '../../serving/rollouts/service.ts';

/** The ids of the updates under way, by model. */
export function rolloutsUnderWay(rollouts: RolloutServing): ReadonlyMap<string, string> {
  const views = rollouts.list(undefined).filter((view) => view.outcome === undefined);
  return new Map(views.map((view) => [view.modelId, view.id]));
}

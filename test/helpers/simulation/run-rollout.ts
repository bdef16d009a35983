import { seededRandom } from './random.ts';
import type { RolloutOptions, RolloutResult } from './rollout-options.ts';
import { Simulation } from './simulate.ts';
import { SimulatedRollout } from './simulated-rollout.ts';
import type { World } from './world.ts';

/** One update from its pairs to its end; the same for the same seed. */
export function runRollout(world: World, options: RolloutOptions, seed: number): RolloutResult {
  const random = seededRandom(seed);
  const rollout = new SimulatedRollout(`rollout-${seed}`, world, options, random);
  new Simulation(world, rollout, random).run();
  return rollout.result;
}

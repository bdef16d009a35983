import type { Assignment } from './assignment.ts';
import { hash64, hexadecimal, unitInterval } from './hash.ts';

/**
 * Draws the version of a request that carries a routing key: the new one if and only if u < weight, where
 * u = hash64(rollout ‖ key)/2^64. As the weight rises a key only ever moves from old to new; the rollout's id in the
 * hash chooses anew in each rollout who goes first.
 *
 * @param weight of the new version, in [0, 1]
 */
export function drawByKey(rolloutId: string, key: string, weight: number): Assignment {
  if (weight <= 0) return { arm: 'old', draw: { by: 'choice' } };
  // Ids hold no NUL, so that no two pairs of id and key give one text.
  const hash = hash64(`${rolloutId}\0${key}`);
  const arm = unitInterval(hash) < weight ? 'new' : 'old';
  return { arm, draw: { by: 'key', key: hexadecimal(hash), weight } };
}

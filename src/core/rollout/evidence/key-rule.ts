import type { Arm, Draw } from '../../traffic/assignment.ts';
import { enter, isFull, lookUp, type Register } from './register.ts';

export type KeyDraw = Extract<Draw, { by: 'key' }>;

/** How a key's last bad event that counted was drawn. */
export interface KeyRecord {
  readonly weight: number;
  readonly arm: Arm;
}

/**
 * Probability that a bad event with a routing key is the new version's. The key's u is drawn once for the rollout, so
 * what its earlier events have told is known:
 * - nothing yet: w = weight;
 * - it was on the old version at the weight w′, so u ≥ w′: w = (weight − w′)/(1 − w′), which is 0 until the weight has
 *   risen, so that one failing key is one event for each stage at most;
 * - it was on the new version, where it stays: 1, no evidence.
 *
 * A key that a full register can not take counts as one that is known to be on the new version: for nothing.
 *
 * Example: on the old version at 15 %, failing again at 30 %: w = 0.15/0.85.
 */
export function probabilityOfKey({ key, weight }: KeyDraw, keys: Register<KeyRecord>): number {
  const last = lookUp(keys, key);
  if (last === undefined) return isFull(keys) ? 1 : weight;
  return last.arm === 'new' || last.weight >= 1 ? 1 : (weight - last.weight) / (1 - last.weight);
}

/** The register after a bad event of the key. It keeps what tells most: the new version, else the largest weight. */
export function countKey(keys: Register<KeyRecord>, { key, weight }: KeyDraw, arm: Arm): Register<KeyRecord> {
  const last = lookUp(keys, key);
  const tellsMore = last === undefined || (last.arm === 'old' && (arm === 'new' || weight > last.weight));
  return tellsMore ? enter(keys, key, { weight, arm }) : keys;
}

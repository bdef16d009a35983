import type { Arm, Assignment, RandomSource } from './assignment.ts';
import { drawFromBlock, type OpenBlock } from './block.ts';
import { drawByKey } from './key.ts';

/** What of a request decides how it is routed. */
export interface Routed {
  /** The version that the client named, where it is one of the two. */
  readonly chosen?: Arm | undefined;
  /** The value of the routing header. An empty one is none. */
  readonly key?: string | undefined;
}

export interface SplitPolicy {
  readonly rolloutId: string;
  /** Of the new version: a multiple of 0.05 in [0, 1]. */
  readonly weight: number;
}

/**
 * Assigns a request to a version: a named version first, then the key's hash, then the next slot of the block.
 *
 * @returns the assignment, and the open block to go on with
 */
export function assign(
  open: OpenBlock,
  { chosen, key }: Routed,
  { rolloutId, weight }: SplitPolicy,
  random: RandomSource,
): { readonly open: OpenBlock; readonly assignment: Assignment } {
  if (chosen !== undefined) return { open, assignment: { arm: chosen, draw: { by: 'choice' } } };
  if (key !== undefined && key !== '') return { open, assignment: drawByKey(rolloutId, key, weight) };
  return drawFromBlock(open, weight, random);
}

import type { Assignment, RandomSource } from './assignment.ts';
import { BLOCK_SIZE, newSlots } from './weight.ts';

/** The block that is being filled. Plain data. */
export interface OpenBlock {
  /** Counts up within a rollout. */
  readonly block: number;
  readonly newSlots: number;
  /** Slots already drawn, 0…20. */
  readonly position: number;
  /** New version's slots among them. */
  readonly passed: number;
}

/** Before the first request, or after a restart: the next request opens block `block`. */
export function beforeBlock(block: number): OpenBlock {
  return { block: block - 1, newSlots: 0, position: BLOCK_SIZE, passed: 0 };
}

/**
 * Draws the version of the next request. The slots of a block are permuted at random without being laid out first
 * (selection sampling: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S): with `position` slots drawn, of
 * which `passed` were the new version's, the next is the new version's with probability
 * (m − passed)/(20 − position). So each block has exactly m of them, and each placing has the same probability.
 *
 * Another weight takes effect when the block is full. The weight 0 takes effect at once and ends the block, since a
 * rollback waits for nothing.
 *
 * @param weight of the new version, a multiple of 0.05 in [0, 1]
 */
export function drawFromBlock(
  open: OpenBlock,
  weight: number,
  random: RandomSource,
): { readonly open: OpenBlock; readonly assignment: Assignment } {
  const wanted = newSlots(weight);
  if (wanted === 0) {
    return { open: beforeBlock(open.block + 1), assignment: { arm: 'old', draw: { by: 'choice' } } };
  }
  const current =
    open.position < BLOCK_SIZE ? open : { block: open.block + 1, newSlots: wanted, position: 0, passed: 0 };
  const isNew = random() < (current.newSlots - current.passed) / (BLOCK_SIZE - current.position);
  return {
    open: { ...current, position: current.position + 1, passed: current.passed + (isNew ? 1 : 0) },
    assignment: {
      arm: isNew ? 'new' : 'old',
      draw: { by: 'block', block: current.block, newSlots: current.newSlots },
    },
  };
}

import type { Arm, Draw } from '../../traffic/assignment.ts';
import { BLOCK_SIZE } from '../../traffic/weight.ts';

export type BlockDraw = Extract<Draw, { by: 'block' }>;

/** Bad events of one block that have been counted: of both versions, and of the new one. */
export interface BlockCount {
  readonly block: number;
  readonly counted: number;
  readonly ofNew: number;
}

/**
 * Probability that the next bad event of a block is the new version's. Which of the 20 requests are bad does not depend
 * on the versions where both are alike, so the versions of the bad ones, in the order of assignment, are draws without
 * replacement from m slots of the new version and 20 − m of the old: w = (m − a)/(20 − b), with b of them seen, a of
 * those the new version's. Seen good ones tell nothing that is used.
 *
 * Example: m = 3, and one bad event of the new version seen: w = 2/19.
 */
export function probabilityInBlock({ block, newSlots }: BlockDraw, counts: readonly BlockCount[]): number {
  const { counted, ofNew } = countOf(block, counts);
  return (newSlots - ofNew) / (BLOCK_SIZE - counted);
}

/** The counts after a bad event of the block. */
export function countInBlock(counts: readonly BlockCount[], { block }: BlockDraw, arm: Arm): readonly BlockCount[] {
  const { counted, ofNew } = countOf(block, counts);
  const next = { block, counted: counted + 1, ofNew: ofNew + (arm === 'new' ? 1 : 0) };
  return [...counts.filter((one) => one.block !== block), next];
}

/** Without the blocks before `block`. */
export function withoutOlder(counts: readonly BlockCount[], block: number): readonly BlockCount[] {
  return counts.filter((one) => one.block >= block);
}

function countOf(block: number, counts: readonly BlockCount[]): BlockCount {
  return counts.find((one) => one.block === block) ?? { block, counted: 0, ofNew: 0 };
}

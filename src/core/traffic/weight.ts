/** Requests in a permuted block. With 20 of them a weight of 5 % is one request, exactly. */
export const BLOCK_SIZE = 20;

/**
 * How many of a block's 20 slots are the new version's. Example: weight 0.15 gives 3.
 *
 * @param weight share of the new version, in [0, 1]
 * @throws RangeError for a weight that gives no whole number of slots
 */
export function newSlots(weight: number): number {
  const slots = Math.round(weight * BLOCK_SIZE);
  // 0.15 × 20 is not exactly 3 in floating point.
  if (slots >= 0 && slots <= BLOCK_SIZE && Math.abs(weight * BLOCK_SIZE - slots) < 1e-9) return slots;
  throw new RangeError(
    `A weight is a multiple of 5 % from 0 to 100 %, because traffic is split in blocks of ${BLOCK_SIZE} requests; ` +
      `${weight * 100} % is not. Use the nearest multiple of 5 %.`,
  );
}

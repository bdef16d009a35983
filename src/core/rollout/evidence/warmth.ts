import type { Assignment } from '../../traffic/assignment.ts';

/** How many live requests a new version is given to warm its caches. */
const WARM_AFTER_REQUESTS = 100;

/**
 * Whether compute times are evidence yet. At first a new version is slow because it is cold, so the times of both
 * versions are left out. Not recorded: after a restart both are cold again.
 */
export interface Warmth {
  /** Live requests that were drawn for the new version. */
  readonly newRequests: number;
  /** Whether a pair was run in which a warm new version kept up with the old one. */
  readonly passedPair: boolean;
  /** The newest block, and whether its compute times count. */
  readonly block: number;
  readonly blockCounts: boolean;
}

export const COLD: Warmth = { newRequests: 0, passedPair: false, block: -1, blockCounts: false };

/**
 * Takes note of a draw and says whether the compute time of its request counts. Blocks count as a whole or not at all:
 * that the 100th request was the new version's tells something of the versions in the rest of its block.
 */
export function afterDraw(
  warmth: Warmth,
  { arm, draw }: Assignment,
): { readonly warmth: Warmth; readonly timeCounts: boolean } {
  const isWarm = warmth.passedPair || warmth.newRequests >= WARM_AFTER_REQUESTS;
  const newRequests = warmth.newRequests + (arm === 'new' ? 1 : 0);
  if (draw.by !== 'block') return { warmth: { ...warmth, newRequests }, timeCounts: isWarm };
  const timeCounts = draw.block === warmth.block ? warmth.blockCounts : isWarm;
  return { warmth: { ...warmth, newRequests, block: draw.block, blockCounts: timeCounts }, timeCounts };
}

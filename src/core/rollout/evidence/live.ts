import type { Arm, Draw } from '../../traffic/assignment.ts';
import { type BlockCount, countInBlock, probabilityInBlock, withoutOlder } from './block-rule.ts';
import { countKey, type KeyRecord, probabilityOfKey } from './key-rule.ts';
import { EMPTY_REGISTER, type Register } from './register.ts';
import { bet, INITIAL_WEALTH, type Wealth } from './wealth.ts';

/** Component F: failures of live requests. */
export interface LiveEvidence {
  readonly wealth: Wealth;
  readonly keys: Register<KeyRecord>;
  /** Of blocks that events may still come from. Not recorded: a restart discards the open block. */
  readonly blocks: readonly BlockCount[];
}

/** One bad event of live traffic, in the order of assignment. */
export interface LiveEvent {
  readonly arm: Arm;
  /** Of the request; of every member, first drawn first, for what failed as one; none for a crash while idle. */
  readonly draws: readonly Draw[];
  /** The least probability that it is taken for: 1/2 for a crash, 1 where the new version was certain, else 0. */
  readonly leastProbability: number;
  /** The furthest stage that had begun at the draw. */
  readonly stage: number;
}

export const NO_LIVE_EVIDENCE: LiveEvidence = { wealth: INITIAL_WEALTH, keys: EMPTY_REGISTER, blocks: [] };

/**
 * Counts one bad event. Failures that can not be told apart are one event, with the largest probability of the members:
 * both factors fall as it rises, so that whoever was the culprit, the event tells no more than it may. All members are
 * counted as seen, since now their versions are known.
 *
 * A probability that is not within (0, 1) is no evidence.
 */
export function recordLive(evidence: LiveEvidence, event: LiveEvent, rho: number): LiveEvidence {
  const { arm, draws, leastProbability, stage } = event;
  const probability = Math.max(leastProbability, ...draws.map((draw) => probabilityOf(draw, arm, evidence)));
  const seen = draws.reduce((soFar, draw) => count(soFar, draw, arm), withoutPassedBlocks(evidence, draws[0]));
  if (probability <= 0 || probability >= 1) return seen;
  return { ...seen, wealth: bet(seen.wealth, { arm, probability }, rho, stage) };
}

function probabilityOf(draw: Draw, arm: Arm, { keys, blocks }: LiveEvidence): number {
  if (draw.by === 'block') return probabilityInBlock(draw, blocks);
  if (draw.by === 'key') return probabilityOfKey(draw, keys);
  // What was chosen was certain: alone it tells nothing, and among others it may be the culprit.
  return arm === 'new' ? 1 : 0;
}

function count(evidence: LiveEvidence, draw: Draw, arm: Arm): LiveEvidence {
  if (draw.by === 'key') return { ...evidence, keys: countKey(evidence.keys, draw, arm) };
  return draw.by === 'block' ? { ...evidence, blocks: countInBlock(evidence.blocks, draw, arm) } : evidence;
}

/** Events come in the order of assignment, so that none can come any more from a block before this one's. */
function withoutPassedBlocks(evidence: LiveEvidence, first: Draw | undefined): LiveEvidence {
  return first?.by === 'block' ? { ...evidence, blocks: withoutOlder(evidence.blocks, first.block) } : evidence;
}

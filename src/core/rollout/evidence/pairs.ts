import { EMPTY_REGISTER, enter, isFull, lookUp, type Register } from './register.ts';
import { bet, INITIAL_WEALTH, type Wealth } from './wealth.ts';

/** Component P: failures of paired shadows. */
export interface PairEvidence {
  readonly wealth: Wealth;
  /** Digests of the inputs that were used in this rollout. */
  readonly used: Register<true>;
}

/**
 * One input that was freshly run on both versions, in random order, chosen before any outcome was known. A recorded
 * outcome of the old version, or a fallback, is never half of a pair: what made them fail may have passed since.
 */
export interface Pair {
  /** Of the input; equal inputs have equal digests. */
  readonly digest: string;
  readonly newFailed: boolean;
  readonly oldFailed: boolean;
  /** The furthest stage that had begun when it was chosen. */
  readonly stage: number;
}

export const NO_PAIR_EVIDENCE: PairEvidence = { wealth: INITIAL_WEALTH, used: EMPTY_REGISTER };

/**
 * Counts a pair. Where exactly one version fails, it is the new one with probability 1/2 if both are alike (McNemar's
 * test, as a bet). Each distinct input counts once: an input that fails on one version only would otherwise be as many
 * events as it is repeated. With a full register further pairs count for nothing.
 */
export function recordPair(evidence: PairEvidence, pair: Pair, rho: number): PairEvidence {
  if (lookUp(evidence.used, pair.digest) !== undefined || isFull(evidence.used)) return evidence;
  const used = enter(evidence.used, pair.digest, true as const);
  if (pair.newFailed === pair.oldFailed) return { ...evidence, used };
  const event = { arm: pair.newFailed ? 'new' : 'old', probability: 1 / 2 } as const;
  return { wealth: bet(evidence.wealth, event, rho, pair.stage), used };
}

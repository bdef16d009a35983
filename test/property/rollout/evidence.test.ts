import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALTERNATIVES, logBettingFactor } from '../../../src/core/rollout/evidence/bet.ts';
import {
  DEFAULT_TOLERANCE,
  type EvidenceEvent,
  NO_EVIDENCE,
  record,
} from '../../../src/core/rollout/evidence/evidence.ts';
import { evidenceRecord, resumedEvidence } from '../../../src/core/rollout/evidence/evidence-record.ts';
import { type LiveEvidence, NO_LIVE_EVIDENCE, recordLive } from '../../../src/core/rollout/evidence/live.ts';
import { NO_PAIR_EVIDENCE } from '../../../src/core/rollout/evidence/pairs.ts';
import { ReorderBuffer } from '../../../src/core/rollout/evidence/reorder-buffer.ts';
import { judge } from '../../../src/core/rollout/evidence/verdict.ts';
import { bet, logEvidence, type Wealth } from '../../../src/core/rollout/evidence/wealth.ts';
import type { Arm } from '../../../src/core/traffic/assignment.ts';
import { blockDraw, keyDraw, liveEvent } from '../../helpers/simulation/evidence.ts';

const probability = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const rho = fc.double({ min: 1, max: 3, noNaN: true });
const arm = fc.constantFrom<Arm>('new', 'old');
const hash = fc.integer({ min: 0, max: 0xffff }).map((digits) => digits.toString(16).padStart(16, 'a'));

test('the expected factor is 1 at the edge of the null and at most 1 inside it, for every alternative', () => {
  fc.assert(
    fc.property(probability, rho, fc.double({ min: 0, max: 1, noNaN: true }), (w, limit, within) => {
      const edge = (w * limit) / (w * limit + 1 - w);
      for (const theta of ALTERNATIVES) {
        const [ofNew, ofOld] = (['new', 'old'] as const).map((one) =>
          Math.exp(logBettingFactor({ arm: one, probability: w }, limit, theta)),
        );
        const expected = (p: number) => p * (ofNew ?? 0) + (1 - p) * (ofOld ?? 0);
        expect(expected(edge)).toBeCloseTo(1, 9);
        expect(expected(edge * within)).toBeLessThanOrEqual(1 + 1e-9);
      }
    }),
  );
});

test('after any history the expected evidence after one more event is at most what it was', () => {
  const event = fc.record({ arm, probability, stage: fc.nat(7) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), event, rho, (history, next, limit) => {
      const before = history.reduce<Wealth>((sum, one) => bet(sum, one, limit, one.stage), NO_PAIR_EVIDENCE.wealth);
      const w = next.probability;
      const edge = (w * limit) / (w * limit + 1 - w);
      const gain = (one: Arm) =>
        Math.exp(logEvidence(bet(before, { arm: one, probability: w }, limit, next.stage)) - logEvidence(before));
      expect(edge * gain('new') + (1 - edge) * gain('old')).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

/** E of component F, summed exactly over every placing of the new version's slots, weighted by its probability. */
function expectedInBlock(newSlots: number, bad: number, limit: number): number {
  const go = (evidence: LiveEvidence, left: number, ofNew: number, ofOld: number): number => {
    if (left === 0) return Math.exp(logEvidence(evidence.wealth));
    const pNew = (newSlots - ofNew) / (20 - ofNew - ofOld);
    const after = (one: Arm) => recordLive(evidence, liveEvent(one, blockDraw(0, newSlots), 7), limit);
    const withNew = pNew > 0 ? pNew * go(after('new'), left - 1, ofNew + 1, ofOld) : 0;
    return withNew + (pNew < 1 ? (1 - pNew) * go(after('old'), left - 1, ofNew, ofOld + 1) : 0);
  };
  return go(NO_LIVE_EVIDENCE, bad, 0, 0);
}

test('over all placings in a block the mean evidence is exactly 1 at ρ = 1, below it with a tolerance', () => {
  for (const newSlots of [1, 3, 6, 10, 15, 18, 19]) {
    for (const bad of [1, 2, 5, 8]) {
      expect(expectedInBlock(newSlots, bad, 1)).toBeCloseTo(1, 9);
      expect(expectedInBlock(newSlots, bad, 1.25)).toBeLessThan(1);
    }
  }
});

test('over a key’s whole range the mean evidence is 1, whenever it fails on the way up', () => {
  const slots = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(fc.array(slots, { minLength: 1, maxLength: 10 }), (failures) => {
      const weights = failures.toSorted((a, b) => a - b).map((m) => m / 20);
      let mean = 0;
      // u lies in one of 20 equal intervals, within which every version is the same.
      for (let interval = 0; interval < 20; interval += 1) {
        const evidence = weights.reduce((sum, weight) => {
          const ofNew = (interval + 0.5) / 20 < weight;
          return recordLive(sum, liveEvent(ofNew ? 'new' : 'old', keyDraw('ab', weight), 7), 1);
        }, NO_LIVE_EVIDENCE);
        mean += Math.exp(logEvidence(evidence.wealth)) / 20;
      }
      expect(mean).toBeCloseTo(1, 9);
    }),
  );
});

const live = fc.record({
  kind: fc.constant('live' as const),
  arm,
  draws: fc.array(
    fc.oneof(
      fc.record({ by: fc.constant('block' as const), block: fc.nat(5), newSlots: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ by: fc.constant('key' as const), key: hash, weight: fc.constantFrom(0.05, 0.15, 0.5, 1) }),
    ),
    { maxLength: 3 },
  ),
  leastProbability: fc.constantFrom(0, 0.5, 1),
  stage: fc.nat(7),
});
const pair = fc.record({
  kind: fc.constant('pair' as const),
  digest: hash,
  newFailed: fc.boolean(),
  oldFailed: fc.boolean(),
  stage: fc.nat(7),
});
const time = fc.record({
  kind: fc.constantFrom('cpu_time' as const, 'wall_time' as const),
  newMs: fc.double({ min: 0, max: 100 }),
  oldMs: fc.double({ min: 0, max: 100 }),
  stage: fc.nat(7),
});
const events: fc.Arbitrary<EvidenceEvent[]> = fc.array(fc.oneof(live, pair, time), { maxLength: 60 });
const recordAll = (from: typeof NO_EVIDENCE, all: readonly EvidenceEvent[]) =>
  all.reduce((evidence, event) => record(evidence, event, DEFAULT_TOLERANCE), from);

test('evidence that went through JSON gives the same verdicts from there on', () => {
  fc.assert(
    fc.property(events, events, (before, after) => {
      const evidence = recordAll(NO_EVIDENCE, before);
      const resumed = resumedEvidence(JSON.parse(JSON.stringify(evidenceRecord(evidence))));
      expect(resumed).toEqual({ ...evidence, live: { ...evidence.live, blocks: [] } });
      const continued = recordAll({ ...evidence, live: { ...evidence.live, blocks: [] } }, after);
      expect(judge(recordAll(resumed, after), 0.01)).toEqual(judge(continued, 0.01));
    }),
  );
});

test('whatever happens, evidence stays finite', () => {
  fc.assert(
    fc.property(events, (all) => {
      const { logShares } = judge(recordAll(NO_EVIDENCE, all), 0.01);
      expect(Object.values(logShares).every(Number.isFinite)).toBe(true);
    }),
  );
});

test('the order of completion changes nothing', () => {
  const outcome = fc.record({ arm, bad: fc.boolean(), rank: fc.double({ noNaN: true }) });
  const ageOf = () => ({ computeMs: 0, limitMs: 1 });
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 60 }), (requests) => {
      const judged = (order: readonly number[], looks: boolean) => {
        const buffer = new ReorderBuffer();
        requests.forEach(({ arm: drawn }, index) => {
          const assignment = { arm: drawn, draw: blockDraw(Math.floor(index / 20), 5) };
          buffer.admit({ assignment, stage: 1, timeCounts: true, deadlineAtMs: 1 });
        });
        const released = order.flatMap((index) => {
          const isBad = requests[index]?.bad === true;
          buffer.settle(index, isBad ? { kind: 'failed' } : { kind: 'refused_by_both' });
          return looks ? buffer.release(0, ageOf) : [];
        });
        return [...released, ...buffer.release(0, ageOf)].reduce(
          (evidence, event) => recordLive(evidence, event, 1.25),
          NO_LIVE_EVIDENCE,
        );
      };
      const inOrder = requests.map((_, index) => index);
      const byRank = inOrder.toSorted((a, b) => (requests[a]?.rank ?? 0) - (requests[b]?.rank ?? 0));
      expect(judged(byRank, true)).toEqual(judged(inOrder, true));
      expect(judged(byRank, false)).toEqual(judged(inOrder, true));
    }),
  );
});

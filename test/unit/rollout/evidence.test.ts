import { describe, expect, test } from 'vitest';
import { logBettingFactor } from '../../../src/core/rollout/evidence/bet.ts';
import { DEFAULT_TOLERANCE, NO_EVIDENCE, record } from '../../../src/core/rollout/evidence/evidence.ts';
import { evidenceRecord, resumedEvidence } from '../../../src/core/rollout/evidence/evidence-record.ts';
import { EMPTY_REGISTER, enter, lookUp } from '../../../src/core/rollout/evidence/register.ts';
import { needsAnotherRun, settledTimeMs } from '../../../src/core/rollout/evidence/timing-runs.ts';
import { judge, strongest } from '../../../src/core/rollout/evidence/verdict.ts';
import { bet, INITIAL_WEALTH, logEvidence, logWeightedSum } from '../../../src/core/rollout/evidence/wealth.ts';
import { blockDraw, liveEvent } from '../../helpers/simulation/evidence.ts';

const RHO = 1.25;
const ALPHA = 0.01;

describe('the betting factor', () => {
  test.each([
    // θ(wρ+1−w)/(wρθ+1−w) for the new version: 10·1.0125/(0.625+0.95).
    ['new', 0.05, 10, 6.4286],
    ['old', 0.05, 10, 0.64286],
    ['new', 0.05, 1e9, 16.2],
    ['new', 0.5, 1e9, 1.8],
    ['new', 0.5, 2, 1.2857],
    ['old', 0.5, 2, 0.64286],
  ] as const)('of an event of the %s version at w = %s, θ = %s is %s', (arm, probability, theta, factor) => {
    expect(Math.exp(logBettingFactor({ arm, probability }, RHO, theta))).toBeCloseTo(factor, 3);
  });

  test('is 2θ/(θ + 1) and 2/(θ + 1) at w = ½, ρ = 1', () => {
    expect(Math.exp(logBettingFactor({ arm: 'new', probability: 0.5 }, 1, 3))).toBeCloseTo(1.5);
    expect(Math.exp(logBettingFactor({ arm: 'old', probability: 0.5 }, 1, 3))).toBeCloseTo(0.5);
  });
});

describe('wealth', () => {
  test('is 1 before the first event, and a copy that has not begun stays at 1', () => {
    expect(logEvidence(INITIAL_WEALTH)).toBeCloseTo(0, 12);
    let wealth = INITIAL_WEALTH;
    for (let event = 0; event < 3000; event += 1) wealth = bet(wealth, { arm: 'old', probability: 0.5 }, RHO, 1);
    // The first copy has lost everything; the six that have not begun hold half of the stake.
    expect(logEvidence(wealth)).toBeCloseTo(Math.log(0.5), 6);
  });

  test('bets on an event with the copies that had begun when it was drawn', () => {
    const wealth = bet(INITIAL_WEALTH, { arm: 'new', probability: 0.5 }, RHO, 3);
    expect(wealth.map((copy) => copy[7] !== 0)).toEqual([true, true, true, false, false, false, false]);
  });

  test('does not overflow', () => {
    let wealth = INITIAL_WEALTH;
    for (let event = 0; event < 2000; event += 1) wealth = bet(wealth, { arm: 'new', probability: 0.05 }, RHO, 7);
    expect(logEvidence(wealth)).toBeGreaterThan(5000);
    expect(Number.isFinite(logEvidence(wealth))).toBe(true);
    expect(logWeightedSum([1000, -1000], [0.5, 0.5])).toBeCloseTo(1000 - Math.LN2, 9);
  });
});

describe('a paired time', () => {
  test('is run until two in a row agree within 5 %, at most ten times, and is the least of the last three', () => {
    expect(needsAnotherRun([])).toBe(true);
    expect(needsAnotherRun([10])).toBe(true);
    expect(needsAnotherRun([10, 9.4])).toBe(true);
    expect(needsAnotherRun([20, 10, 9.5])).toBe(false);
    expect(needsAnotherRun([1, 2, 1, 2, 1, 2, 1, 2, 1])).toBe(true);
    expect(needsAnotherRun([1, 2, 1, 2, 1, 2, 1, 2, 1, 2])).toBe(false);
    expect(settledTimeMs([5, 20, 10, 9.8])).toBe(9.8);
    expect(settledTimeMs([])).toBeUndefined();
  });
});

describe('the verdict', () => {
  const feed = (events: number, event: Parameters<typeof record>[1]) => {
    let evidence = NO_EVIDENCE;
    let needed = 0;
    while (judge(evidence, ALPHA).verdict === 'none' && needed < events) {
      needed += 1;
      evidence = record(evidence, 'digest' in event ? { ...event, digest: `${needed}` } : event, DEFAULT_TOLERANCE);
    }
    return { needed, ...judge(evidence, ALPHA) };
  };

  test('needs three failures of the new version at 5 % while the old one has none', () => {
    let evidence = NO_EVIDENCE;
    for (const block of [0, 1]) {
      evidence = record(evidence, { kind: 'live', ...liveEvent('new', blockDraw(block, 1)) }, DEFAULT_TOLERANCE);
      expect(judge(evidence, ALPHA).verdict).toBe('none');
    }
    expect(strongest(judge(evidence, ALPHA).logShares)).toBeGreaterThan(2);
    evidence = record(evidence, { kind: 'live', ...liveEvent('new', blockDraw(2, 1)) }, DEFAULT_TOLERANCE);
    expect(judge(evidence, ALPHA)).toMatchObject({ verdict: 'roll_back', because: 'live_failures' });
  });

  test('needs 13 pairs of which only the new version fails', () => {
    const pair = { kind: 'pair', digest: '', newFailed: true, oldFailed: false, stage: 0 } as const;
    expect(feed(99, pair)).toMatchObject({ needed: 13, because: 'paired_failures' });
  });

  test('needs at most 20 pairs for twice the processor time, fewer for more', () => {
    const slow = (newMs: number) => ({ kind: 'cpu_time', newMs, oldMs: 10, stage: 0 }) as const;
    expect(feed(99, slow(20))).toMatchObject({ needed: 14, because: 'cpu_time' });
    expect(feed(99, slow(100)).needed).toBeLessThanOrEqual(13);
    expect(feed(200, slow(12.4)).verdict).toBe('none');
  });

  test('ignores pairs in which both or none fail, repeated inputs, and times that are none', () => {
    const both = { kind: 'pair', digest: 'dd', newFailed: true, oldFailed: true, stage: 0 } as const;
    const once = record(NO_EVIDENCE, both, DEFAULT_TOLERANCE);
    expect(once.pairs.wealth).toBe(NO_EVIDENCE.pairs.wealth);
    expect(record(once, { ...both, oldFailed: false }, DEFAULT_TOLERANCE)).toEqual(once);
    for (const newMs of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const event = { kind: 'wall_time', newMs, oldMs: 1, stage: 0 } as const;
      expect(record(NO_EVIDENCE, event, DEFAULT_TOLERANCE)).toEqual(NO_EVIDENCE);
    }
  });
});

describe('recorded evidence', () => {
  test('is refused when it is not whole', () => {
    const whole = () => JSON.parse(JSON.stringify(evidenceRecord(NO_EVIDENCE)));
    expect(resumedEvidence(whole())).toEqual(NO_EVIDENCE);
    const broken = [
      undefined,
      [],
      {},
      { ...whole(), cpuTime: [] },
      { ...whole(), pairs: { wealth: whole().pairs.wealth, used: { size: 1, buckets: [] } } },
      {
        ...whole(),
        pairs: {
          wealth: whole().pairs.wealth,
          used: {
            size: 2,
            buckets: [
              [
                ['aa', true],
                ['aa', true],
              ],
            ],
          },
        },
      },
      { ...whole(), pairs: { wealth: whole().pairs.wealth, used: { size: 1, buckets: [[[7, true]]] } } },
      {
        ...whole(),
        live: { ...whole().live, keys: { size: 1, buckets: [[['aabb', { weight: 2, arm: 'new' }]]] } },
      },
      { ...whole(), live: { ...whole().live, wealth: whole().live.wealth.map(() => [null]) } },
    ];
    for (const one of broken) expect(() => resumedEvidence(one)).toThrow(RangeError);
  });

  test('leaves the open block out', () => {
    const evidence = record(NO_EVIDENCE, { kind: 'live', ...liveEvent('new', blockDraw(0, 1)) }, DEFAULT_TOLERANCE);
    expect(evidence.live.blocks).toHaveLength(1);
    expect(resumedEvidence(JSON.parse(JSON.stringify(evidenceRecord(evidence)))).live.blocks).toEqual([]);
  });

  test('knows no inherited names', () => {
    expect(lookUp(EMPTY_REGISTER, '__proto__')).toBeUndefined();
    expect(lookUp(enter(EMPTY_REGISTER, '__proto__', true as const), '__proto__')).toBe(true);
    expect(lookUp(EMPTY_REGISTER, 'toString')).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { computeLimitMs, isBadEvent } from '../../../src/core/rollout/evidence/bad-event.ts';
import { logBettingFactor } from '../../../src/core/rollout/evidence/bet.ts';
import { DEFAULT_TOLERANCE, type Evidence, NO_EVIDENCE, record } from '../../../src/core/rollout/evidence/evidence.ts';
import { evidenceRecord, resumedEvidence } from '../../../src/core/rollout/evidence/evidence-record.ts';
import { NO_LIVE_EVIDENCE, recordLive } from '../../../src/core/rollout/evidence/live.ts';
import {
  EMPTY_REGISTER,
  enter,
  lookUp,
  REGISTER_LIMIT,
  type Register,
} from '../../../src/core/rollout/evidence/register.ts';
import { needsAnotherRun, settledTimeMs } from '../../../src/core/rollout/evidence/timing-runs.ts';
import { judge, strongest } from '../../../src/core/rollout/evidence/verdict.ts';
import { afterDraw, COLD } from '../../../src/core/rollout/evidence/warmth.ts';
import { bet, INITIAL_WEALTH, logEvidence, logWeightedSum } from '../../../src/core/rollout/evidence/wealth.ts';
import { blockDraw, keyDraw, liveEvent } from '../../helpers/simulation/evidence.ts';

const RHO = 1.25;
const ALPHA = 0.01;

/** The factor of one event for θ = 10^9, from which the probability follows that it was taken for. */
function takenFor(before: Evidence['live'], after: Evidence['live'], arm: 'new' | 'old'): number {
  const gained = (after.wealth[0]?.[7] ?? 0) - (before.wealth[0]?.[7] ?? 0);
  let [low, high] = [1e-9, 1 - 1e-9];
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (logBettingFactor({ arm, probability: middle }, RHO, 1e9) > gained) low = middle;
    else high = middle;
  }
  return low;
}

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

describe('the block rule', () => {
  test('draws without replacement: w = (m − a)/(20 − b)', () => {
    const first = recordLive(NO_LIVE_EVIDENCE, liveEvent('new', blockDraw(0, 3)), RHO);
    expect(takenFor(NO_LIVE_EVIDENCE, first, 'new')).toBeCloseTo(3 / 20, 6);
    const second = recordLive(first, liveEvent('old', blockDraw(0, 3)), RHO);
    expect(takenFor(first, second, 'old')).toBeCloseTo(2 / 19, 6);
    const third = recordLive(second, liveEvent('new', blockDraw(0, 3)), RHO);
    expect(takenFor(second, third, 'new')).toBeCloseTo(2 / 18, 6);
    const elsewhere = recordLive(third, liveEvent('new', blockDraw(1, 3)), RHO);
    expect(takenFor(third, elsewhere, 'new')).toBeCloseTo(3 / 20, 6);
    expect(elsewhere.blocks).toEqual([{ block: 1, counted: 1, ofNew: 1 }]);
  });

  test('has no evidence in what is certain', () => {
    const spent = recordLive(NO_LIVE_EVIDENCE, liveEvent('new', blockDraw(0, 1)), RHO);
    expect(recordLive(spent, liveEvent('old', blockDraw(0, 1)), RHO).wealth).toBe(spent.wealth);
    expect(recordLive(spent, liveEvent('new', blockDraw(2, 20)), RHO).wealth).toBe(spent.wealth);
  });
});

describe('the key rule', () => {
  test('uses what the key’s last event has told', () => {
    const at15 = recordLive(NO_LIVE_EVIDENCE, liveEvent('old', keyDraw('aa', 0.15)), RHO);
    expect(takenFor(NO_LIVE_EVIDENCE, at15, 'old')).toBeCloseTo(0.15, 6);
    const again = recordLive(at15, liveEvent('old', keyDraw('aa', 0.15)), RHO);
    expect(again).toEqual(at15);
    const at30 = recordLive(again, liveEvent('new', keyDraw('aa', 0.3)), RHO);
    expect(takenFor(again, at30, 'new')).toBeCloseTo(0.15 / 0.85, 6);
    expect(recordLive(at30, liveEvent('new', keyDraw('aa', 0.5)), RHO)).toEqual(at30);
  });

  test('keeps the largest weight at which a key was on the old version, also after a step back', () => {
    const at50 = recordLive(NO_LIVE_EVIDENCE, liveEvent('old', keyDraw('aa', 0.5)), RHO);
    const back = recordLive(at50, liveEvent('old', keyDraw('aa', 0.3)), RHO);
    expect(back).toEqual(at50);
  });

  test('counts no key that a full register can not hold', () => {
    let keys: Register<{ weight: number; arm: 'new' | 'old' }> = EMPTY_REGISTER;
    for (let key = 0; key < REGISTER_LIMIT + 5; key += 1) {
      keys = enter(keys, key.toString(16).padStart(16, '0').split('').reverse().join(''), { weight: 0.05, arm: 'old' });
    }
    expect(keys.size).toBe(REGISTER_LIMIT);
    const full = { ...NO_LIVE_EVIDENCE, keys };
    expect(recordLive(full, liveEvent('new', keyDraw('ffffffffffffffff', 0.05)), RHO)).toEqual(full);
  });
});

describe('failures that can not be told apart', () => {
  test('are one event with the largest probability of the members', () => {
    const event = {
      arm: 'new',
      draws: [blockDraw(3, 1), keyDraw('bb', 0.3), blockDraw(4, 6)],
      leastProbability: 0,
      stage: 2,
    } as const;
    const after = recordLive(NO_LIVE_EVIDENCE, event, RHO);
    expect(takenFor(NO_LIVE_EVIDENCE, after, 'new')).toBeCloseTo(0.3, 6);
    expect(after.blocks).toEqual([
      { block: 3, counted: 1, ofNew: 1 },
      { block: 4, counted: 1, ofNew: 1 },
    ]);
    expect(lookUp(after.keys, 'bb')).toEqual({ weight: 0.3, arm: 'new' });
  });

  test('of the new version are no evidence where a member was not drawn, of the old one they are', () => {
    const event = { arm: 'new', draws: [blockDraw(0, 1)], leastProbability: 1, stage: 1 } as const;
    expect(recordLive(NO_LIVE_EVIDENCE, event, RHO).wealth).toBe(NO_LIVE_EVIDENCE.wealth);
    const chosen = { ...event, draws: [blockDraw(0, 1), { by: 'choice' } as const], leastProbability: 0 };
    expect(recordLive(NO_LIVE_EVIDENCE, chosen, RHO).wealth).toBe(NO_LIVE_EVIDENCE.wealth);
    const ofOld = recordLive(NO_LIVE_EVIDENCE, { ...chosen, arm: 'old' }, RHO);
    expect(takenFor(NO_LIVE_EVIDENCE, ofOld, 'old')).toBeCloseTo(0.05, 6);
    const alone = { ...chosen, arm: 'old', draws: [{ by: 'choice' }] } as const;
    expect(recordLive(NO_LIVE_EVIDENCE, alone, RHO).wealth).toBe(NO_LIVE_EVIDENCE.wealth);
  });

  test('of a crash count with at least ½', () => {
    const crash = { arm: 'new', draws: [blockDraw(0, 1)], leastProbability: 0.5, stage: 1 } as const;
    expect(takenFor(NO_LIVE_EVIDENCE, recordLive(NO_LIVE_EVIDENCE, crash, RHO), 'new')).toBeCloseTo(0.5, 6);
    const idle = { ...crash, draws: [] };
    expect(takenFor(NO_LIVE_EVIDENCE, recordLive(NO_LIVE_EVIDENCE, idle, RHO), 'new')).toBeCloseTo(0.5, 6);
  });
});

describe('a bad event', () => {
  const answered = { kind: 'answered', isFinite: true, computeMs: 100, limitMs: 99 } as const;

  test('is an error, an output that is not finite, or too much computing', () => {
    expect(isBadEvent({ kind: 'failed' }, false)).toBe(true);
    expect(isBadEvent({ kind: 'refused_by_both' }, true)).toBe(false);
    expect(isBadEvent({ kind: 'part_of_crash' }, true)).toBe(false);
    expect(isBadEvent({ ...answered, isFinite: false }, false)).toBe(true);
    expect(isBadEvent(answered, true)).toBe(true);
    expect(isBadEvent(answered, false)).toBe(false);
    expect(isBadEvent({ ...answered, limitMs: 100 }, true)).toBe(false);
  });

  test('is not a request that waited in a queue until it was cancelled', () => {
    expect(isBadEvent({ kind: 'censored', computeMs: 0, limitMs: 99 }, true)).toBe(false);
    expect(isBadEvent({ kind: 'censored', computeMs: 100, limitMs: 99 }, true)).toBe(true);
  });

  test('has as its limit the larger of a share of the deadline and 10 × the old version’s p99', () => {
    expect(computeLimitMs({ deadlineMs: 1000, share: 0.25, oldP99Ms: 20 })).toBe(250);
    expect(computeLimitMs({ deadlineMs: 1000, share: 0.25, oldP99Ms: 30 })).toBe(300);
    expect(computeLimitMs({ deadlineMs: 1000, share: 0.25, oldP99Ms: undefined })).toBe(250);
  });
});

describe('compute times', () => {
  const draw = (block: number, arm: 'new' | 'old') => ({ arm, draw: blockDraw(block, 10) });

  test('count from the block after the new version’s 100th request', () => {
    let warmth = COLD;
    for (let request = 0; request < 99; request += 1) ({ warmth } = afterDraw(warmth, draw(0, 'new')));
    const hundredth = afterDraw(warmth, draw(7, 'new'));
    expect(hundredth.timeCounts).toBe(false);
    const sameBlock = afterDraw(hundredth.warmth, draw(7, 'old'));
    expect(sameBlock.timeCounts).toBe(false);
    expect(afterDraw(sameBlock.warmth, draw(8, 'old')).timeCounts).toBe(true);
    expect(afterDraw(sameBlock.warmth, { arm: 'old', draw: keyDraw('aa', 0.05) }).timeCounts).toBe(true);
  });

  test('count from the block after a passed warm pair', () => {
    const { warmth } = afterDraw(COLD, draw(0, 'old'));
    const passed = { ...warmth, passedPair: true };
    expect(afterDraw(passed, draw(0, 'new')).timeCounts).toBe(false);
    expect(afterDraw(passed, draw(1, 'new')).timeCounts).toBe(true);
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

import { describe, expect, test } from 'vitest';
import { logBettingFactor } from '../../../src/core/rollout/evidence/bet.ts';
import { type LiveEvidence, NO_LIVE_EVIDENCE, recordLive } from '../../../src/core/rollout/evidence/live.ts';
import {
  EMPTY_REGISTER,
  enter,
  lookUp,
  REGISTER_LIMIT,
  type Register,
} from '../../../src/core/rollout/evidence/register.ts';
import { blockDraw, keyDraw, liveEvent } from '../../helpers/simulation/evidence.ts';

const RHO = 1.25;

/** The factor of one event for θ = 10^9, from which the probability follows that it was taken for. */
function takenFor(before: LiveEvidence, after: LiveEvidence, arm: 'new' | 'old'): number {
  const gained = (after.wealth[0]?.[7] ?? 0) - (before.wealth[0]?.[7] ?? 0);
  let [low, high] = [1e-9, 1 - 1e-9];
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (logBettingFactor({ arm, probability: middle }, RHO, 1e9) > gained) low = middle;
    else high = middle;
  }
  return low;
}

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

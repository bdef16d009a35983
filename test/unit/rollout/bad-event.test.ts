import { describe, expect, test } from 'vitest';
import { computeLimitMs, isBadEvent } from '../../../src/core/rollout/evidence/bad-event.ts';
import { afterDraw, COLD } from '../../../src/core/rollout/evidence/warmth.ts';
import { blockDraw, keyDraw } from '../../helpers/simulation/evidence.ts';

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

import { describe, expect, test } from 'vitest';
import { DEFAULT_TOLERANCE } from '../../../src/core/rollout/evidence/evidence.ts';
import { WINDOW_RULES } from '../../helpers/simulation/fixed-window.ts';
import { ON_THE_LADDER } from '../../helpers/simulation/rollout-options.ts';
import { runRollout } from '../../helpers/simulation/run-rollout.ts';
import { mannWhitneyZ, quantile, wilson } from '../../helpers/simulation/statistics.ts';
import {
  FAILURE_RATES,
  HELD_AT_5,
  IDENTICAL,
  studyFailing,
  studyIdentical,
  studySlow,
  studyWindow,
} from '../../helpers/simulation/studies.ts';
import { identicalVersions } from '../../helpers/simulation/world.ts';

/** What the update engine promises, simulated on its own code. `docs/rollout-evidence.md` has more runs. */

describe('updates to an identical version', () => {
  test('are rolled back in at most 1 % of the cases, whatever the traffic', { timeout: 120_000 }, () => {
    const results = Object.values(IDENTICAL).map((world) => studyIdentical(world, 100));
    const rolledBack = results.reduce((sum, result) => sum + result.rolledBack, 0);
    const runs = results.reduce((sum, result) => sum + result.runs, 0);
    expect(wilson(rolledBack, runs).upper).toBeLessThanOrEqual(0.01);
  });

  test('keep to α also where nothing is tolerated and α is large enough to be seen', { timeout: 60_000 }, () => {
    const exact = { ...ON_THE_LADDER, alpha: 0.2, tolerance: { ...DEFAULT_TOLERANCE, failureOdds: 1 } };
    const late = { hangShare: 1, bursts: { everyMs: 30_000, lengthMs: 3_000, failureRate: 0.5 } };
    const worlds = [identicalVersions(0.02), identicalVersions(0.02, { clients: 500 }), identicalVersions(0.01, late)];
    const results = worlds.map((world) => studyIdentical(world, 100, exact));
    for (const { rolledBack } of results) expect(rolledBack).toBeLessThanOrEqual(20);
    // Not because nothing could be seen.
    expect(results.reduce((sum, { rolledBack }) => sum + rolledBack, 0)).toBeGreaterThan(3);
  });

  test('are simulated alike for the same seed', () => {
    const world = identicalVersions(0.05, { clients: 50 });
    expect(runRollout(world, ON_THE_LADDER, 3)).toEqual(runRollout(world, ON_THE_LADDER, 3));
  });
});

describe('a version that fails', () => {
  const HELD_MEDIANS: Readonly<Record<number, number>> = { 1: 3, 0.5: 3, 0.1: 3, 0.05: 5, 0.02: 5, 0.01: 7 };
  const LADDER_MEDIANS: Readonly<Record<number, number>> = { 1: 0, 0.5: 0, 0.1: 4, 0.05: 4, 0.02: 8, 0.01: 13 };

  // The old version fails at 0.1 %, as one does.
  const OLD_RATE = 0.001;

  test.each(FAILURE_RATES)('at a rate of %s gives few bad answers where the weight is held', (rate) => {
    const { median, undetected } = studyFailing(rate, OLD_RATE, HELD_AT_5, 100);
    expect(median).toBeLessThanOrEqual(HELD_MEDIANS[rate] ?? 0);
    expect(undetected).toBeLessThanOrEqual(rate > 0.01 ? 0 : 0.1);
  });

  test.each(FAILURE_RATES)('at a rate of %s gives few bad answers on the ladder', (rate) => {
    const { median, undetected } = studyFailing(rate, OLD_RATE, { ...ON_THE_LADDER, bakeMs: 0 }, 100);
    expect(median).toBeLessThanOrEqual(LADDER_MEDIANS[rate] ?? 0);
    expect(undetected).toBeLessThanOrEqual(rate > 0.01 ? 0.03 : 0.4);
  });

  test('at a rate of 1 % seldom completes the bake undetected, and never if the old version did not fail', () => {
    expect(studyFailing(0.01, OLD_RATE, ON_THE_LADDER, 100).undetected).toBeLessThanOrEqual(0.25);
    expect(studyFailing(0.01, 0, ON_THE_LADDER, 100).undetected).toBe(0);
  });

  test('gives more bad answers under the rules of fixed windows', () => {
    for (const rule of WINDOW_RULES) {
      expect(studyWindow(rule, 0.1, 60).median).toBeGreaterThan(10);
      expect(studyWindow(rule, 1, 60).median).toBeGreaterThanOrEqual(150);
    }
  });
});

describe('a version that is slow', () => {
  test('by twice is convicted within 20 pairs, before any traffic', () => {
    const { p95, within20 } = studySlow(2, 400);
    expect(within20).toBeGreaterThan(0.99);
    expect(p95).toBeLessThanOrEqual(20);
  });

  test('by no more than is accepted is not convicted', () => {
    expect(studySlow(1, 400).within100).toBe(0);
    expect(wilson(Math.round(400 * studySlow(1.25, 400).within100), 400).lower).toBeLessThan(0.001);
  });
});

test('the statistics of the page are the textbook ones', () => {
  // Newcombe 1998, table I: 15 of 148 and 0 of 20.
  expect(wilson(15, 148).lower).toBeCloseTo(0.0624, 4);
  expect(wilson(15, 148).upper).toBeCloseTo(0.1605, 4);
  expect(wilson(0, 20)).toEqual({ lower: 0, upper: expect.closeTo(0.1611, 4) });
  expect(quantile([5, 1, 3, 2, 4], 0.5)).toBe(3);
  expect(quantile([], 0.5)).toBeUndefined();
  expect(mannWhitneyZ([4, 5, 6], [1, 2, 3])).toBeCloseTo(4.5 / Math.sqrt(5.25), 9);
});

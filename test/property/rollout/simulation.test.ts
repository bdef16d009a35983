import { describe, expect, test } from 'vitest';
import { WINDOW_RULES } from '../../helpers/simulation/fixed-window.ts';
import { runRollout } from '../../helpers/simulation/run-rollout.ts';
import { ON_THE_LADDER } from '../../helpers/simulation/simulated-rollout.ts';
import { wilson } from '../../helpers/simulation/statistics.ts';
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

  test('are simulated alike for the same seed', () => {
    const world = identicalVersions(0.05, { clients: 50 });
    expect(runRollout(world, ON_THE_LADDER, 3)).toEqual(runRollout(world, ON_THE_LADDER, 3));
  });
});

describe('a version that fails', () => {
  const HELD_MEDIANS: Readonly<Record<number, number>> = { 1: 3, 0.5: 3, 0.1: 3, 0.05: 5, 0.02: 5, 0.01: 7 };
  const LADDER_MEDIANS: Readonly<Record<number, number>> = { 1: 0, 0.5: 0, 0.1: 4, 0.05: 4, 0.02: 8, 0.01: 13 };

  test.each(FAILURE_RATES)('at a rate of %s gives few bad answers at 5 %% weight', (rate) => {
    const { median, undetected } = studyFailing(rate, 0, HELD_AT_5, 60);
    expect(median).toBeLessThanOrEqual(HELD_MEDIANS[rate] ?? 0);
    expect(undetected).toBe(0);
  });

  test.each(FAILURE_RATES)('at a rate of %s gives few bad answers on the ladder', (rate) => {
    const { median, undetected } = studyFailing(rate, 0, ON_THE_LADDER, 60);
    expect(median).toBeLessThanOrEqual(LADDER_MEDIANS[rate] ?? 0);
    expect(undetected).toBeLessThanOrEqual(0.05);
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

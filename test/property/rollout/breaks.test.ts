import { describe, expect, test } from 'vitest';
import { DEFAULT_TOLERANCE, NO_EVIDENCE, record } from '../../../src/core/rollout/evidence/evidence.ts';
import { judge } from '../../../src/core/rollout/evidence/verdict.ts';
import { WINDOW_RULES } from '../../helpers/simulation/fixed-window.ts';
import { falseRollbacks, type NaiveVariant } from '../../helpers/simulation/naive-rollout.ts';
import { seededRandom } from '../../helpers/simulation/random.ts';
import { studyMannWhitney, studySlow, studyWindow } from '../../helpers/simulation/studies.ts';
import { QUIET, type World } from '../../helpers/simulation/world.ts';

/**
 * What looks right and is not: each rule that one would write first rolls back identical versions in a simulated
 * service, in which the real one does not.
 */

interface Break {
  readonly what: string;
  readonly variant: NaiveVariant;
  readonly weight: number;
  readonly world: World;
  /** The naive rule's share of false rollbacks is at least this. */
  readonly share: number;
}

const BREAKS: readonly Break[] = [
  {
    what: 'evidence in completion order convicts whoever times out sooner',
    variant: 'completion_order',
    weight: 0.05,
    world: {
      ...QUIET,
      failureRate: { new: 0.005, old: 0.005 },
      hangShare: 1,
      bursts: { everyMs: 30_000, lengthMs: 3_000, failureRate: 0.5 },
    },
    share: 0.5,
  },
  {
    what: 'one poison request in a batch makes as many events as the batch has members',
    variant: 'every_member',
    weight: 0.5,
    world: { ...QUIET, requestsPerSecond: 250, poisonShare: 0.002, inseparableShare: 1 },
    share: 0.2,
  },
  {
    what: 'requests that fail while a crashed process restarts are many events with one cause',
    variant: 'each_while_down',
    weight: 0.5,
    world: { ...QUIET, crashRate: 0.001 },
    share: 0.2,
  },
  {
    what: 'every 20th request to the new version is every heavy one of periodic traffic',
    variant: 'modulo',
    weight: 0.05,
    world: { ...QUIET, arrivals: 'periodic', failureRate: { new: 0.02, old: 0.02 } },
    share: 0.9,
  },
  {
    what: 'live times at 5 % are those of a version that is cold',
    variant: 'live_times',
    weight: 0.05,
    world: QUIET,
    share: 0.9,
  },
];

const RUNS = 60;

test.each(BREAKS)('$what', { timeout: 60_000 }, ({ variant, weight, world, share }) => {
  const how = { weight, horizonMs: 60_000, runs: RUNS };
  expect(falseRollbacks(variant, world, how)).toBeGreaterThan(share * RUNS);
  expect(falseRollbacks('none', world, how)).toBeLessThanOrEqual(1);
});

test('live times can not be compared, times of the same input alone can', () => {
  expect(studySlow(1, 100).within100).toBe(0);
});

describe('pairs', () => {
  /** Identical versions during an outage of both, in which half of the runs fail. */
  function rolledBack(oldOutcome: 'fresh' | 'recorded'): number {
    let count = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const random = seededRandom(run + 1);
      let evidence = NO_EVIDENCE;
      for (let input = 0; input < 60; input += 1) {
        const newFailed = random() < 0.5;
        // Recorded before the outage, when nothing failed.
        const oldFailed = oldOutcome === 'fresh' && random() < 0.5;
        const pair = { kind: 'pair', digest: `${input}`, newFailed, oldFailed, stage: 0 } as const;
        evidence = record(evidence, pair, DEFAULT_TOLERANCE);
      }
      if (judge(evidence, 0.01).verdict === 'roll_back') count += 1;
    }
    return count;
  }

  test('with recorded outcomes of the old version convict the new one of an outage of both', () => {
    expect(rolledBack('recorded')).toBe(RUNS);
    expect(rolledBack('fresh')).toBeLessThanOrEqual(1);
  });

  test('of one input count once, however often a client sends it', () => {
    let evidence = NO_EVIDENCE;
    for (let repeat = 0; repeat < 1000; repeat += 1) {
      const pair = { kind: 'pair', digest: 'the same', newFailed: true, oldFailed: false, stage: 0 } as const;
      evidence = record(evidence, pair, DEFAULT_TOLERANCE);
    }
    expect(judge(evidence, 0.01).verdict).toBe('none');
  });
});

describe('fixed windows', () => {
  test('flap, or are slow: no threshold is both quiet on identical versions and quick on bad ones', () => {
    for (const rule of WINDOW_RULES) {
      const isQuiet = studyWindow(rule, 0.01, RUNS).rolledBack <= 0.01;
      const isQuick = (studyWindow(rule, 0.02, RUNS).median ?? Number.POSITIVE_INFINITY) <= 8;
      expect(isQuiet && isQuick).toBe(false);
    }
    expect(studyWindow(WINDOW_RULES[0] ?? fail(), 0.01, RUNS).rolledBack).toBeGreaterThan(0.9);
  });

  test('of a Mann–Whitney test each minute roll back most identical versions within an hour', () => {
    expect(studyMannWhitney(60, 200)).toBeGreaterThan(0.7);
  });
});

function fail(): never {
  throw new Error('there is no rule');
}

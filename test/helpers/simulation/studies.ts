import { runWindowRule, type WindowRule } from './fixed-window.ts';
import { HELD } from './ladder.ts';
import { seededRandom } from './random.ts';
import { ON_THE_LADDER, type RolloutOptions } from './rollout-options.ts';
import { runRollout } from './run-rollout.ts';
import { mannWhitneyZ, quantile, wilson } from './statistics.ts';
import { pairsUntilSlow } from './timed-pair.ts';
import { identicalVersions, QUIET, type World } from './world.ts';

/** What the tests assert and the page of figures shows. Every study is the same for the same number of runs. */

export const IDENTICAL: Readonly<Record<string, World>> = {
  'failure rate 0.1 %': identicalVersions(0.001),
  'failure rate 0.5 %': identicalVersions(0.005),
  'failure rate 1 %': identicalVersions(0.01),
  'failure rate 2 %': identicalVersions(0.02),
  'failure rate 5 %': identicalVersions(0.05),
  'outages of both, 2 s of every 30 s': identicalVersions(0.01, {
    bursts: { everyMs: 30_000, lengthMs: 2_000, failureRate: 0.5 },
  }),
  'periodic, every 20th request heavy': identicalVersions(0.02, { arrivals: 'periodic' }),
  'sticky, 500 clients': identicalVersions(0.02, { clients: 500 }),
};

/** Identical versions of which each stops working by itself, as often as the other: for this α is no promise. */
export function withOwnOutages(lengthMs: number): World {
  return { ...QUIET, failureRate: { new: 0.001, old: 0.001 }, ownOutages: { everyMs: 60_000, lengthMs } };
}

export const FAILURE_RATES: readonly number[] = [1, 0.5, 0.1, 0.05, 0.02, 0.01];

/** At 5 % for at most 10 minutes, without the pairs that come before. */
export const HELD_AT_5: RolloutOptions = {
  ...ON_THE_LADDER,
  stages: HELD,
  failurePairs: 0,
  timePairs: 0,
  horizonMs: 600_000,
};

export interface IdenticalResult {
  readonly runs: number;
  readonly rolledBack: number;
  readonly paused: number;
  /** Of the false rollbacks' share. */
  readonly upper: number;
}

export function studyIdentical(world: World, runs: number, options: RolloutOptions = ON_THE_LADDER): IdenticalResult {
  const ends = Array.from({ length: runs }, (_, run) => runRollout(world, options, run + 1).end);
  const rolledBack = ends.filter((end) => end === 'rolled_back').length;
  const paused = ends.filter((end) => end === 'paused').length;
  return { runs, rolledBack, paused, upper: wilson(rolledBack, runs).upper };
}

export interface FailingResult {
  /** Bad answers of the new version until rollback, of the updates that were rolled back. */
  readonly median: number | undefined;
  readonly p95: number | undefined;
  /** Shares of the updates. */
  readonly rolledBack: number;
  readonly paused: number;
  readonly undetected: number;
}

export function studyFailing(rate: number, oldRate: number, options: RolloutOptions, runs: number): FailingResult {
  const world = { ...QUIET, failureRate: { new: rate, old: oldRate } };
  const results = Array.from({ length: runs }, (_, run) => runRollout(world, options, run + 1));
  const share = (...ends: readonly string[]) => results.filter(({ end }) => ends.includes(end)).length / runs;
  const bad = results.filter(({ end }) => end === 'rolled_back').map(({ badAnswers }) => badAnswers);
  return {
    median: quantile(bad, 0.5),
    p95: quantile(bad, 0.95),
    rolledBack: share('rolled_back'),
    paused: share('paused'),
    undetected: share('completed', 'undecided'),
  };
}

export interface SlowResult {
  /** Pairs until the verdict, of the updates that have one within 100. */
  readonly median: number | undefined;
  readonly p95: number | undefined;
  /** Shares of the updates. */
  readonly within20: number;
  readonly within100: number;
}

export function studySlow(factor: number, runs: number): SlowResult {
  const all = Array.from({ length: runs }, (_, run) => pairsUntilSlow(factor, 100, seededRandom(run + 1)));
  const pairs = all.filter((count) => count !== undefined);
  return {
    median: quantile(pairs, 0.5),
    p95: quantile(pairs, 0.95),
    within20: pairs.filter((count) => count <= 20).length / runs,
    within100: pairs.length / runs,
  };
}

export interface WindowStudy {
  readonly median: number | undefined;
  readonly p95: number | undefined;
  readonly rolledBack: number;
}

/** A fixed-window rule, held at 5 % of 50 requests/s for an hour. */
export function studyWindow(rule: WindowRule, rate: number, runs: number): WindowStudy {
  const results = Array.from({ length: runs }, (_, run) =>
    runWindowRule(rule, rate, 2.5, 3_600_000, seededRandom(run + 1)),
  );
  const bad = results.filter(({ rolledBack }) => rolledBack).map(({ badAnswers }) => badAnswers);
  return { median: quantile(bad, 0.5), p95: quantile(bad, 0.95), rolledBack: bad.length / runs };
}

/**
 * Share of identical versions that a Mann–Whitney test of the last minute's times rolls back, at 5 % both-sided,
 * when it looks each minute: here on times that are truly alike.
 */
export function studyMannWhitney(minutes: number, runs: number): number {
  let rolledBack = 0;
  for (let run = 0; run < runs; run += 1) {
    const random = seededRandom(run + 1);
    const sample = () => Array.from({ length: 30 }, random);
    for (let minute = 0; minute < minutes; minute += 1) {
      if (mannWhitneyZ(sample(), sample()) <= 1.96) continue;
      rolledBack += 1;
      break;
    }
  }
  return rolledBack / runs;
}

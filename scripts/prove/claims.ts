import { isGapless } from '../../test/helpers/updates/rollouts.ts';
import type { UpdateResult } from '../../test/helpers/updates/updated-model.ts';
import type { IdleUpdate } from './idle-update.ts';
import type { Run } from './run-updates.ts';
import { clientSide, falseRollbacks, summarise } from './summary.ts';

/** The share of good updates that may be rolled back. */
const ALPHA = 0.01;
const LEAST_RATE_PER_SECOND = 200;
/** About a minute. */
const IDLE_LIMIT_MS = 90_000;

export interface Claim {
  readonly text: string;
  readonly measured: string;
  readonly holds: boolean;
}

export interface Measured {
  readonly run: Run;
  readonly idle: IdleUpdate;
  /** Processes that were left at the end and should not have been. */
  readonly left: number;
}

/** What the run was to show, and whether it did. */
export function claimsOf({ run, idle, left }: Measured): readonly Claim[] {
  const { results, tallies, stuck, durationMs } = run;
  const bad = results.filter(({ kind }) => !kind.isGood);
  const seen = clientSide(tallies);
  const alarms = falseRollbacks(summarise(results));
  const ratePerSecond = (seen.requests * 1000) / durationMs;
  const unnamed = bad.filter((result) => isRolledBack(result) && !namesTheFault(result));
  return [
    {
      text: `At least ${LEAST_RATE_PER_SECOND} requests a second, all the time`,
      measured: `${Math.round(ratePerSecond)} a second`,
      holds: ratePerSecond >= LEAST_RATE_PER_SECOND,
    },
    none('No client saw an error', seen.errors, seen.requests),
    none('No answer was wrong, or another request’s', seen.wrong, seen.requests),
    none('No request was lost', seen.lost, seen.requests),
    {
      text: 'Every request had exactly one answer, the right one',
      measured: `${seen.right} of ${seen.requests}`,
      holds: seen.right === seen.requests,
    },
    {
      text: 'Every update to a bad version was rolled back',
      measured: `${bad.filter(isRolledBack).length} of ${bad.length}`,
      holds: bad.every(isRolledBack),
    },
    none('The reason names what is wrong with the version', unnamed.length, bad.length),
    {
      text: `Good versions are rolled back no more often than α (${100 * ALPHA} %) allows`,
      measured: `${alarms.rolledBack} of ${alarms.updates}`,
      holds: alarms.interval.lower <= ALPHA,
    },
    none('No update was left paused or stuck', paused(results) + stuck.length, results.length + stuck.length),
    none('No event log has a gap', results.filter(({ events }) => !isGapless(events)).length, results.length),
    none('No process is left of a version that does not serve', left, results.length),
    {
      text: 'A model that nobody asks is updated in about a minute',
      measured: `${idle.outcome} after ${Math.round(idle.durationMs / 1000)} s`,
      holds: idle.outcome === 'completed' && idle.durationMs <= IDLE_LIMIT_MS && idle.madeUpPairs > 0,
    },
  ];
}

function none(text: string, count: number, of: number): Claim {
  return { text, measured: `${count} of ${of}`, holds: count === 0 };
}

function isRolledBack({ rollout }: UpdateResult): boolean {
  return rollout.outcome === 'rolled_back';
}

function namesTheFault({ kind, rollout }: UpdateResult): boolean {
  return kind.reasons.includes(rollout.rollback?.reason ?? '');
}

function paused(results: readonly UpdateResult[]): number {
  return results.filter(({ rollout }) => rollout.pause !== null).length;
}

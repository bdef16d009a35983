import { quantile, wilson } from '../../test/helpers/simulation/statistics.ts';
import type { Kind } from '../../test/helpers/updates/kinds.ts';
import type { LoadTally } from '../../test/helpers/updates/load-tally.ts';
import type { WireEvent } from '../../test/helpers/updates/rollouts.ts';
import type { UpdateResult } from '../../test/helpers/updates/updated-model.ts';

/** What became of the updates of one kind. */
export interface KindSummary {
  readonly kind: Kind;
  readonly updates: number;
  readonly completed: number;
  readonly rolledBack: number;
  readonly paused: number;
  /** How many were rolled back for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly errors: number;
  readonly wrong: number;
  readonly lost: number;
  /** Requests of one update that the new version failed and the old one answered: median and 95th percentile. */
  readonly covered: Quantiles;
  /** From the update's beginning to its end. */
  readonly durationMs: Quantiles;
  /** From the first stage's beginning to the decision, of updates that got so far and were rolled back. */
  readonly underTrafficMs: Quantiles;
  /** Rolled back before any client's request went to the new version. */
  readonly beforeTraffic: number;
}

export interface Quantiles {
  readonly median: number | undefined;
  readonly p95: number | undefined;
}

/** By kind, in the order in which the kinds first ended. */
export function summarise(results: readonly UpdateResult[]): readonly KindSummary[] {
  const byKind = Map.groupBy(results, ({ kind }) => kind);
  return [...byKind].map(([kind, ofKind]) => summaryOf(kind, ofKind));
}

function summaryOf(kind: Kind, results: readonly UpdateResult[]): KindSummary {
  const rolledBack = results.filter(({ rollout }) => rollout.outcome === 'rolled_back');
  const decided = rolledBack.map(({ events }) => underTrafficMs(events));
  const reasons: Record<string, number> = {};
  for (const { rollout } of rolledBack) {
    const reason = rollout.rollback?.reason ?? 'none';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return {
    kind,
    updates: results.length,
    completed: results.filter(({ rollout }) => rollout.outcome === 'completed').length,
    rolledBack: rolledBack.length,
    paused: results.filter(({ rollout }) => rollout.pause !== null).length,
    reasons,
    ...clientSide(results.map(({ tally }) => tally)),
    covered: quantiles(results.map(({ tally }) => tally.fallbacks)),
    durationMs: quantiles(results.map(({ events }) => durationMs(events))),
    underTrafficMs: quantiles(decided.filter((ms) => ms !== undefined)),
    beforeTraffic: decided.filter((ms) => ms === undefined).length,
  };
}

/** What the clients of all these requests saw. */
export function clientSide(tallies: readonly LoadTally[]) {
  const sum = (count: (tally: LoadTally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  return {
    requests: sum(({ sent }) => sent),
    right: sum(({ right }) => right),
    errors: sum(({ errors }) => errors.length),
    wrong: sum(({ wrong }) => wrong.length),
    lost: sum(({ lost }) => lost.length),
    covered: sum(({ fallbacks }) => fallbacks),
  };
}

/** Updates to versions that are good, and were rolled back all the same. */
export function falseRollbacks(summaries: readonly KindSummary[]) {
  const good = summaries.filter(({ kind }) => kind.isGood);
  const updates = good.reduce((sum, each) => sum + each.updates, 0);
  const rolledBack = good.reduce((sum, each) => sum + each.rolledBack, 0);
  return { updates, rolledBack, interval: updates === 0 ? { lower: 0, upper: 1 } : wilson(rolledBack, updates) };
}

function quantiles(values: readonly number[]): Quantiles {
  return { median: quantile(values, 0.5), p95: quantile(values, 0.95) };
}

function durationMs(events: readonly WireEvent[]): number {
  const [first, last] = [events[0], events.at(-1)];
  return first === undefined || last === undefined ? 0 : Date.parse(last.at) - Date.parse(first.at);
}

/** Undefined where no stage was reached. */
function underTrafficMs(events: readonly WireEvent[]): number | undefined {
  const began = events.find(({ type, phase }) => type === 'entered' && phase === 'stage');
  const decided = events.find(({ type }) => type === 'rollback_began');
  return began === undefined || decided === undefined ? undefined : Date.parse(decided.at) - Date.parse(began.at);
}

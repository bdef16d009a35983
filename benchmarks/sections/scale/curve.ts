import { median } from '../../measure/statistics.ts';
import { figure, ratio } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';
import { type Cost, medianCost, totalUs } from './cost.ts';

/** Cost at the largest size, of that at the smallest. */
const MOST_GROWTH = 1.2;

/** One load at one size. */
export interface Point {
  readonly size: number;
  /** One per round. */
  readonly rounds: readonly Cost[];
  /** The load at the smallest size, measured right after each of the rounds. */
  readonly references: readonly Cost[];
}

export interface Curve {
  /** What is asked, and how. */
  readonly load: string;
  readonly points: readonly Point[];
}

/** Median of the ratio within each round: a machine that slows down half-way weighs on both. */
function growth({ rounds, references }: Point): number {
  return median(
    rounds.map((cost, round) => {
      const reference = references[round];
      return reference === undefined ? Number.NaN : totalUs(cost) / totalUs(reference);
    }),
  );
}

/** @param what is counted: `resident versions` */
export function curveTable(what: string, curves: readonly Curve[]): Table {
  return {
    caption: `Cost per request against ${what}: microseconds of processor time`,
    columns: [what, 'load', 'front', 'runners', 'together', '× smallest', 'requests/s', 'p50 ms', 'failed'],
    rows: curves.flatMap(({ load, points }) =>
      points.map((point) => {
        const cost = medianCost(point.rounds);
        return [
          String(point.size),
          load,
          ...[cost.frontUs, cost.runnersUs, totalUs(cost)].map(figure),
          ratio(growth(point)),
          ...[cost.perSecond, cost.p50Ms, cost.failed].map(figure),
        ];
      }),
    ),
  };
}

export function curveFindings(what: string, curves: readonly Curve[]): readonly Finding[] {
  return curves.map(({ load, points }) => {
    const smallest = points[0];
    const largest = points.at(-1);
    const value = largest === undefined ? Number.NaN : growth(largest);
    const failed = points.some(({ rounds }) => medianCost(rounds).failed > 0);
    return {
      target: `cost per request at ${largest?.size} ${what} ≤ ${MOST_GROWTH} × that at ${smallest?.size} (${load})`,
      figure: `${ratio(value)}${failed ? ', and requests failed' : ''}`,
      isMet: value <= MOST_GROWTH && !failed,
    };
  });
}

import type { RawAnswer } from '../../contestants/raw-messages.ts';
import type { ServerName } from '../../contestants/server.ts';
import type { LoadResult } from '../../load/closed-loop.ts';
import { median } from '../../measure/statistics.ts';
import type { LoopDelays } from './loop-delays.ts';
import type { Cell, RawCell } from './plan.ts';

export interface CellResult {
  readonly cell: Cell;
  /** One result per round; a contestant that the cell does not have is absent. */
  readonly rounds: Readonly<Partial<Record<ServerName, readonly LoadResult[]>>>;
  readonly loopDelays: LoopDelays;
}

export interface RawResult {
  readonly cell: RawCell;
  readonly rounds: readonly RawAnswer[];
}

export interface ThroughputResults {
  readonly cells: readonly CellResult[];
  readonly raw: readonly RawResult[];
}

type Figure = 'perSecond' | 'p50Ms' | 'p99Ms' | 'failed';

export function medianOf(result: CellResult, name: ServerName, figure: Figure): number {
  return median((result.rounds[name] ?? []).map((round) => round[figure]));
}

/**
 * Median over the rounds of what `compare` makes of two contestants' figures. Both were measured within seconds of
 * each other in every round, so that a machine which slows down half-way weighs on both.
 */
export function medianOfRounds(
  left: readonly number[],
  right: readonly number[],
  compare: (left: number, right: number) => number,
): number {
  return median(left.map((value, round) => compare(value, right[round] ?? Number.NaN)));
}

export function figures(result: CellResult, name: ServerName, figure: Figure): readonly number[] {
  return (result.rounds[name] ?? []).map((round) => round[figure]);
}

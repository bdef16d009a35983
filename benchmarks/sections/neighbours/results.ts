import type { ServerName } from '../../contestants/server.ts';
import type { LatencySummary } from '../../measure/statistics.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { figure, milliseconds, ratio } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';

const MOST_RATIO = 1.2;
/** Requests of one model that are under way at once while the server keeps up with its rate. */
const MOST_UNDER_WAY = 4;

const PHASES = ['quiet', 'load', 'unload'] as const;
export type Phase = (typeof PHASES)[number];

export interface Result {
  readonly name: ServerName;
  readonly model: BenchmarkModel;
  readonly ratePerSecond: number;
  readonly phases: Readonly<Record<Phase, LatencySummary>>;
  readonly failed: number;
}

export function neighbourTable(results: readonly Result[]): Table {
  return {
    caption: 'Milliseconds from the intended send time',
    columns: ['model', 'server', 'phase', 'requests', 'p50', 'p99', 'worst', 'p99 ÷ quiet'],
    rows: results.flatMap(({ name, model, phases, failed }) =>
      PHASES.map((phase) => [
        model.id,
        failed > 0 ? `${name} (${failed} failed)` : name,
        phase,
        ...[phases[phase].count, phases[phase].p50Ms, phases[phase].p99Ms, phases[phase].maxMs].map(figure),
        ratio(phases[phase].p99Ms / phases.quiet.p99Ms),
      ]),
    ),
  };
}

export function neighbourFindings(results: readonly Result[]): readonly Finding[] {
  return (['load', 'unload'] as const).flatMap((phase) =>
    results
      .filter(({ name }) => name === 'EchoServe')
      .map((result) => {
        const { model, phases } = result;
        const value = phases[phase].p99Ms / phases.quiet.p99Ms;
        const naive = results.find((other) => other.name === 'naive' && other.model === model);
        const target = `p99 of ${model.id} during another's ${phase} ≤ ${MOST_RATIO} × quiet`;
        if (!keepsUp(result)) return { target, figure: 'it did not keep up with the rate when quiet', isMet: false };
        return {
          target,
          figure: `${ratio(value)}, ${milliseconds(phases[phase].p99Ms)} (naive: ${milliseconds(naive?.phases[phase].p99Ms ?? Number.NaN)})`,
          isMet: value <= MOST_RATIO,
        };
      }),
  );
}

/** By Little's law. Where a queue grows all the time, quiet or not makes no difference, and a ratio would mislead. */
function keepsUp({ ratePerSecond, phases }: Result): boolean {
  return (ratePerSecond * phases.quiet.p50Ms) / 1000 <= MOST_UNDER_WAY;
}

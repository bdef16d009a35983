import type { ServerName } from '../../contestants/server.ts';
import { median } from '../../measure/statistics.ts';
import { figure, ratio } from '../../report/format.ts';
import type { Table } from '../../report/section-report.ts';
import { type CellResult, medianOf, type ThroughputResults } from './results.ts';

const SERVERS: readonly ServerName[] = ['echo', 'naive', 'EchoServe'];

/** One table per model: raw runs first, then a row per load and server. */
export function throughputTables({ cells, raw }: ThroughputResults): readonly Table[] {
  const models = new Set(cells.map(({ cell }) => cell.model));
  return [...models].map((model) => ({
    caption: model.title,
    columns: ['load', 'contestant', 'requests/s', 'p50 ms', 'p99 ms', '× naive', 'worst loop delay ms'],
    rows: [
      ...raw
        .filter(({ cell }) => cell.model === model)
        .map(({ cell, rounds }) => [
          `raw runs, batch ${cell.batch}`,
          'session.run',
          ...(['perSecond', 'p50Ms', 'p99Ms'] as const).map((name) =>
            figure(median(rounds.map((round) => round[name]))),
          ),
          '',
          '',
        ]),
      ...cells.filter(({ cell }) => cell.model === model).flatMap(rowsOf),
    ],
  }));
}

function rowsOf(result: CellResult): readonly string[][] {
  const { format, concurrency } = result.cell;
  return SERVERS.filter((name) => result.rounds[name] !== undefined).map((name) => {
    const failed = medianOf(result, name, 'failed');
    return [
      `${format}, concurrency ${concurrency}`,
      failed > 0 ? `${name} (${failed} failed)` : name,
      figure(medianOf(result, name, 'perSecond')),
      figure(medianOf(result, name, 'p50Ms')),
      figure(medianOf(result, name, 'p99Ms')),
      ratio(medianOf(result, name, 'perSecond') / medianOf(result, 'naive', 'perSecond')),
      figure(result.loopDelays[name] ?? Number.NaN),
    ];
  });
}

import type { ServerName } from '../../contestants/server.ts';
import type { Format } from '../../load/requests.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { TINY, WIDE } from '../../models/catalog.ts';
import { CONVOLUTIONAL } from '../../models/convolutional.ts';
import { TRANSFORMER } from '../../models/transformer.ts';
import { milliseconds, ratio } from '../../report/format.ts';
import type { Finding } from '../../report/section-report.ts';
import { type CellResult, figures, medianOfRounds, type ThroughputResults } from './results.ts';

const divide = (a: number, b: number): number => a / b;
const subtract = (a: number, b: number): number => a - b;

/** The targets of DESIGN.md that a closed loop can judge. A cell that was not measured gives no finding. */
export function throughputFindings(results: ThroughputResults): readonly Finding[] {
  const find = (model: BenchmarkModel, format: Format, concurrency: number): CellResult | undefined =>
    results.cells.find(
      ({ cell }) => cell.model === model && cell.format === format && cell.concurrency === concurrency,
    );
  const formats = ['json', 'binary'] as const;
  return [
    againstRaw(results, find(CONVOLUTIONAL, 'binary', 8)),
    againstRaw(results, find(TRANSFORMER, 'binary', 8)),
    ...formats.map((format) => atLeast(find(WIDE, format, 32), 'naive', 8)),
    ...formats.map((format) => atLeast(find(TINY, format, 32), 'naive', 1.4)),
    ...formats.map((format) => atLeast(find(TINY, format, 32), 'echo', 0.85)),
    ...formats.map((format) => addedLatency(find(TINY, format, 1), 0.05)),
    addedLatency(find(CONVOLUTIONAL, 'binary', 1), 0.5),
    tailFinding(results.cells),
  ].filter((finding) => finding !== undefined);
}

function nameOf({ cell }: CellResult): string {
  return `${cell.model.id}, ${cell.format}, concurrency ${cell.concurrency}`;
}

function againstRaw(results: ThroughputResults, result: CellResult | undefined): Finding | undefined {
  const raw = results.raw.find(({ cell }) => cell.model === result?.cell.model && cell.batch === 1);
  if (result === undefined || raw === undefined) return undefined;
  const floor = raw.rounds.map((round) => round.perSecond);
  const value = medianOfRounds(figures(result, 'EchoServe', 'perSecond'), floor, divide);
  return {
    target: `${nameOf(result)}: throughput ≥ 0.97 of raw runs`,
    figure: ratio(value),
    isMet: value >= 0.97,
  };
}

function atLeast(result: CellResult | undefined, other: ServerName, least: number): Finding | undefined {
  if (result === undefined) return undefined;
  const value = medianOfRounds(figures(result, 'EchoServe', 'perSecond'), figures(result, other, 'perSecond'), divide);
  const floor = other === 'echo' ? 'the echo route' : 'the naive server';
  return {
    target: `${nameOf(result)}: throughput ≥ ${least} × ${floor}`,
    figure: ratio(value),
    isMet: value >= least,
  };
}

function addedLatency(result: CellResult | undefined, mostMs: number): Finding | undefined {
  if (result === undefined) return undefined;
  const value = medianOfRounds(figures(result, 'EchoServe', 'p50Ms'), figures(result, 'naive', 'p50Ms'), subtract);
  return {
    target: `${nameOf(result)}: p50 at most ${mostMs} ms above the naive server's`,
    figure: `${value > 0 ? '+' : ''}${milliseconds(value)}`,
    isMet: value <= mostMs,
  };
}

function tailFinding(cells: readonly CellResult[]): Finding | undefined {
  const compared = cells.map((result) => ({
    name: nameOf(result),
    value: medianOfRounds(figures(result, 'EchoServe', 'p99Ms'), figures(result, 'naive', 'p99Ms'), divide),
  }));
  const worst = compared.toSorted((a, b) => b.value - a.value)[0];
  if (worst === undefined) return undefined;
  const kept = compared.filter(({ value }) => value <= 1).length;
  return {
    target: "closed loop: p99 never above the naive server's",
    figure: `${kept} of ${compared.length} loads; worst ${ratio(worst.value)} (${worst.name})`,
    isMet: kept === compared.length,
  };
}

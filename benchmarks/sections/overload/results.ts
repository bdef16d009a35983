import type { ServerName } from '../../contestants/server.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { figure, milliseconds, ratio } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';
import type { Outcome } from './outcome.ts';

/** Of the goodput at capacity, at twice the capacity. */
const LEAST_GOODPUT = 0.9;

/** One server at one rate. */
export interface RateResult {
  readonly name: ServerName;
  /** Of this server's capacity. */
  readonly share: number;
  readonly ratePerSecond: number;
  readonly outcome: Outcome;
}

export interface OverloadResult {
  readonly model: BenchmarkModel;
  readonly deadlineMs: number;
  /** A row per server and rate. */
  readonly rates: readonly RateResult[];
}

export function overloadTable({ model, deadlineMs, rates }: OverloadResult): Table {
  return {
    caption: `${model.title}, deadline ${deadlineMs} ms; milliseconds from the intended send time`,
    columns: [
      'load',
      'server',
      'sent',
      'in time',
      'in time/s',
      'too late',
      'refused',
      'expired',
      'failed',
      'p50 of the answered',
      'p99 of the answered',
    ],
    rows: rates.map(({ name, share, ratePerSecond, outcome }) => [
      `${share} × capacity, ${ratePerSecond}/s`,
      name,
      ...[outcome.sent, outcome.inTime, outcome.goodput, outcome.late, outcome.refused, outcome.expired].map(figure),
      ...[outcome.failed, outcome.p50Ms, outcome.p99Ms].map(figure),
    ]),
  };
}

export function overloadFindings({ model, deadlineMs, rates }: OverloadResult): readonly Finding[] {
  const ours = rates.filter(({ name }) => name === 'EchoServe').map(({ outcome }) => outcome);
  const kept = keptGoodput(rates, 'EchoServe');
  const naive = keptGoodput(rates, 'naive');
  const worstMs = Math.max(...ours.map(({ p99Ms }) => p99Ms));
  const failed = ours.reduce((sum, outcome) => sum + outcome.failed, 0);
  return [
    {
      target: `overload, ${model.id}: goodput at 2 × capacity ≥ ${LEAST_GOODPUT} of goodput at capacity`,
      figure: `${ratio(kept)} (naive: ${ratio(naive)})`,
      isMet: kept >= LEAST_GOODPUT,
    },
    {
      target: `overload, ${model.id}: p99 of the accepted within their deadline of ${deadlineMs} ms, at every rate`,
      figure: milliseconds(worstMs),
      isMet: worstMs <= deadlineMs,
    },
    {
      target: `overload, ${model.id}: what is not answered is refused or expires`,
      figure: `${failed} failed otherwise`,
      isMet: failed === 0,
    },
  ];
}

function keptGoodput(rates: readonly RateResult[], server: ServerName): number {
  const at = (wanted: number): number =>
    rates.find(({ name, share }) => name === server && share === wanted)?.outcome.goodput ?? Number.NaN;
  return at(2) / at(1);
}

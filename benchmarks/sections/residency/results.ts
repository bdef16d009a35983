import type { TraceResult } from '../../load/trace-load.ts';
import { figure, megabytes, milliseconds, percent } from '../../report/format.ts';
import type { Finding, Table } from '../../report/section-report.ts';
import type { ServerFigures } from './server-figures.ts';

/** How far above its budget what is read outside may be at any moment. */
const MOST_ABOVE = 0.05;

export interface ResidencyResult {
  /** Models that the budget holds. */
  readonly held: number;
  readonly requests: number;
  readonly load: TraceResult;
  readonly server: ServerFigures;
  /** Of a plain LRU for the same trace. */
  readonly lruHitRate: number;
  readonly budgetBytes: number;
  /** The most that was read from outside. */
  readonly mostBytes: number;
  readonly readings: number;
}

export function residencyTable(result: ResidencyResult): Table {
  const { load, server, held, requests, lruHitRate, budgetBytes, mostBytes, readings } = result;
  return {
    caption: '',
    columns: ['', 'EchoServe'],
    rows: [
      ['requests', figure(requests)],
      ['answered', figure(load.count)],
      ['failed', figure(load.failed)],
      ['loads', figure(server.loads)],
      ['evictions', figure(server.evictions)],
      ['hit rate', percent(server.hitRate)],
      [`hit rate of an LRU of ${held}, same trace`, percent(lruHitRate)],
      ['budget', megabytes(budgetBytes)],
      [`most memory from outside (${readings} readings)`, megabytes(mostBytes)],
      ['of the budget', percent(mostBytes / budgetBytes)],
      ['latency, p50', milliseconds(load.p50Ms)],
      ['latency, p99', milliseconds(load.p99Ms)],
      ['time', `${figure(load.tookMs / 1000)} s`],
    ],
  };
}

export function residencyFindings(result: ResidencyResult): readonly Finding[] {
  const { load, server, held, requests, lruHitRate, budgetBytes, mostBytes } = result;
  return [
    {
      target: 'more models than fit: every request is answered',
      figure: `${load.count} of ${requests}`,
      isMet: load.count === requests && load.failed === 0,
    },
    {
      target: `more models than fit: memory read from outside is never above the budget + ${percent(MOST_ABOVE)}`,
      figure: `${percent(mostBytes / budgetBytes)} of the budget at most`,
      isMet: mostBytes > 0 && mostBytes <= budgetBytes * (1 + MOST_ABOVE),
    },
    {
      target: `more models than fit: hit rate at least that of an LRU of ${held} on the same trace`,
      figure: `${percent(server.hitRate)} (LRU: ${percent(lruHitRate)})`,
      isMet: server.hitRate >= lruHitRate,
    },
  ];
}

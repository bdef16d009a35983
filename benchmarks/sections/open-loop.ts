import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../contestants/server.ts';
import { startByName } from '../contestants/start-servers.ts';
import type { BenchContext, Section } from '../context.ts';
import { closedLoop } from '../load/closed-loop.ts';
import { OpenLoop } from '../load/open-loop.ts';
import { type Format, inferenceRequests } from '../load/requests.ts';
import { type LatencySummary, median, medianSummary, summarize } from '../measure/statistics.ts';
import type { BenchmarkModel } from '../models/benchmark-model.ts';
import { TINY, WIDE } from '../models/catalog.ts';
import { CONVOLUTIONAL } from '../models/convolutional.ts';
import { TRANSFORMER } from '../models/transformer.ts';
import { figure, ratio } from '../report/format.ts';
import type { Finding, Table } from '../report/section-report.ts';

/** Share of what the naive server can do: both servers can keep up, and a stall shows. */
const UTILIZATION = 0.6;
const ROUNDS = 3;
const WARM_UP_MS = 300;

type Load = readonly [model: BenchmarkModel, format: Format];
const QUICK_LOADS: readonly Load[] = [
  [TINY, 'json'],
  [CONVOLUTIONAL, 'binary'],
];
const FULL_LOADS: readonly Load[] = [...QUICK_LOADS, [TINY, 'binary'], [WIDE, 'binary'], [TRANSFORMER, 'binary']];

interface Result {
  readonly model: BenchmarkModel;
  readonly format: Format;
  readonly ratePerSecond: number;
  readonly naive: Outcome;
  readonly ours: Outcome;
}

interface Outcome extends LatencySummary {
  readonly failed: number;
}

export const OPEN_LOOP: Section = {
  title: 'Latency at a fixed rate, open loop',
  method: `Requests are sent at ${UTILIZATION} of the rate that the naive server reached in a closed loop just before, whatever the servers do, and a latency counts from the time the request was due: a stall is charged with every request that it delays. Sending has a grain of 1 ms, the same for both. Medians of ${ROUNDS} rounds in alternating order.`,
  run: async (context) => {
    const naive = await startByName(context, 'naive');
    const ours = await startByName(context, 'EchoServe');
    const results: Result[] = [];
    const loads = context.effort === 'quick' ? QUICK_LOADS : FULL_LOADS;
    for (const [model, format] of loads) results.push(await compare(context, naive, ours, model, format));
    return { tables: [tableOf(results)], findings: [findingOf(results)] };
  },
};

async function compare(
  context: BenchContext,
  naive: Server,
  ours: Server,
  model: BenchmarkModel,
  format: Format,
): Promise<Result> {
  for (const server of [naive, ours]) await server.load(model);
  const requests = inferenceRequests(naive.port, model, format);
  const capacity = await closedLoop({ port: naive.port, requests, concurrency: 32, warmUpMs: 500, durationMs: 1000 });
  const ratePerSecond = Math.max(1, Math.round(capacity.perSecond * UTILIZATION));
  const durationMs = (context.effort === 'quick' ? 1000 : 4000) * (model === TRANSFORMER ? 2 : 1);
  const outcomes: { naive: Outcome[]; ours: Outcome[] } = { naive: [], ours: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    context.progress(`round ${round + 1}: ${model.id}, ${format}, ${ratePerSecond} requests/s`);
    const order = [
      { server: naive, into: outcomes.naive },
      { server: ours, into: outcomes.ours },
    ];
    for (const { server, into } of round % 2 === 0 ? order : order.toReversed()) {
      into.push(await measure(server, model, format, ratePerSecond, durationMs));
    }
  }
  return { model, format, ratePerSecond, naive: together(outcomes.naive), ours: together(outcomes.ours) };
}

async function measure(
  { port }: Server,
  model: BenchmarkModel,
  format: Format,
  ratePerSecond: number,
  durationMs: number,
): Promise<Outcome> {
  const requests = inferenceRequests(port, model, format);
  const loop = await OpenLoop.start({ port, requests, ratePerSecond, connections: 64 });
  const from = performance.now() + WARM_UP_MS;
  await delay(WARM_UP_MS + durationMs);
  await loop.stop();
  const measured = loop.samples.filter(({ dueMs }) => dueMs >= from);
  return { ...summarize(measured.map(({ latencyMs }) => latencyMs)), failed: loop.failed };
}

function together(rounds: readonly Outcome[]): Outcome {
  return { ...medianSummary(rounds), failed: median(rounds.map(({ failed }) => failed)) };
}

function tableOf(results: readonly Result[]): Table {
  return {
    caption: 'Milliseconds from the intended send time',
    columns: ['load', 'server', 'p50', 'p99', 'p99.9', 'worst', 'failed', 'p99 ÷ naive'],
    rows: results.flatMap(({ model, format, ratePerSecond, naive, ours }) =>
      [
        { name: 'naive', outcome: naive },
        { name: 'EchoServe', outcome: ours },
      ].map(({ name, outcome }) => [
        `${model.id}, ${format}, ${ratePerSecond}/s`,
        name,
        ...[outcome.p50Ms, outcome.p99Ms, outcome.p999Ms, outcome.maxMs, outcome.failed].map(figure),
        ratio(outcome.p99Ms / naive.p99Ms),
      ]),
    ),
  };
}

function findingOf(results: readonly Result[]): Finding {
  const ratios = results.map(({ model, format, naive, ours }) => ({
    name: `${model.id}, ${format}`,
    value: ours.p99Ms / naive.p99Ms,
  }));
  const worst = ratios.toSorted((a, b) => b.value - a.value)[0];
  const kept = ratios.filter(({ value }) => value <= 1).length;
  return {
    target: "fixed rate: p99 never above the naive server's",
    figure: `${kept} of ${ratios.length} loads; worst ${ratio(worst?.value ?? Number.NaN)} (${worst?.name ?? ''})`,
    isMet: kept === ratios.length,
  };
}

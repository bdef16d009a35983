import { setTimeout as delay } from 'node:timers/promises';
import { inferOnce } from '../../contestants/infer-once.ts';
import type { Server } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext, Section } from '../../context.ts';
import { closedLoop, type LoadResult } from '../../load/closed-loop.ts';
import { OpenLoop } from '../../load/open-loop.ts';
import { inferenceRequests } from '../../load/requests.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { CONVOLUTIONAL } from '../../models/convolutional.ts';
import { TRANSFORMER } from '../../models/transformer.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { type OverloadResult, overloadFindings, overloadTable, type RateResult } from './results.ts';

const SHARES = [0.5, 1, 1.5, 2] as const;
/** Under way at once when the capacity is measured. */
const CAPACITY_CONCURRENCY = 8;
const DEADLINE_IN_RUNS = 10;
const LEAST_DEADLINE_MS = 200;
/** One connection per request that can be under way: the naive server lets them wait as long as they like. */
const MOST_CONNECTIONS = 1500;

export const OVERLOAD: Section = {
  title: 'More requests than can be answered',
  method: `Each server's capacity is what ${CAPACITY_CONCURRENCY} connections reach in a closed loop; then requests are sent at fixed shares of it, whatever the server does. Each names its deadline in \`x-request-timeout-ms\`: ${DEADLINE_IN_RUNS} times what a lone request takes on the naive server, at least ${LEAST_DEADLINE_MS} ms. The naive server knows no deadlines; what it answers later than that counts as not answered, as nobody waits for it any more. The time until a queue has formed, three deadlines, is left out. Binary tensors.`,
  run: async (context) => {
    const servers = [await startByName(context, 'naive'), await startByName(context, 'EchoServe')];
    const models = context.effort === 'quick' ? [CONVOLUTIONAL] : [CONVOLUTIONAL, TRANSFORMER];
    const results: OverloadResult[] = [];
    for (const model of models) results.push(await measureModel(context, servers, model));
    return { tables: results.map(overloadTable), findings: results.flatMap(overloadFindings) };
  },
};

async function measureModel(
  context: BenchContext,
  servers: readonly Server[],
  model: BenchmarkModel,
): Promise<OverloadResult> {
  for (const server of servers) await server.load(model);
  const lone = await closed(servers[0], model, 1);
  const deadlineMs = Math.max(LEAST_DEADLINE_MS, Math.ceil(lone.p50Ms * DEADLINE_IN_RUNS));
  const capacities = new Map<Server, number>();
  for (const server of servers) {
    capacities.set(server, (await closed(server, model, CAPACITY_CONCURRENCY)).perSecond);
  }
  const durationMs = context.effort === 'quick' ? 2000 : 6000;
  const rates: RateResult[] = [];
  for (const [index, share] of SHARES.entries()) {
    const order = index % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) {
      const ratePerSecond = Math.max(1, Math.round((capacities.get(server) ?? 0) * share));
      context.progress(`${model.id}: ${server.name}, ${share} × capacity, ${ratePerSecond} requests/s`);
      const outcome = await measureRate(server, model, { ratePerSecond, deadlineMs, durationMs });
      rates.push({ name: server.name, share, ratePerSecond, outcome });
    }
  }
  for (const server of servers) await server.unload(model);
  return { model, deadlineMs, rates: rates.toSorted((a, b) => a.share - b.share || a.name.localeCompare(b.name)) };
}

function closed(server: Server | undefined, model: BenchmarkModel, concurrency: number): Promise<LoadResult> {
  if (server === undefined) throw new Error('there is no server to measure');
  const requests = inferenceRequests(server.port, model, 'binary');
  return closedLoop({ port: server.port, requests, concurrency, warmUpMs: 500, durationMs: 1500 });
}

interface Rate {
  readonly ratePerSecond: number;
  readonly deadlineMs: number;
  readonly durationMs: number;
}

async function measureRate(
  server: Server,
  model: BenchmarkModel,
  { ratePerSecond, deadlineMs, durationMs }: Rate,
): Promise<Outcome> {
  const { port } = server;
  const settleMs = 3 * deadlineMs;
  const loop = await OpenLoop.start({
    port,
    requests: inferenceRequests(port, model, 'binary', { 'x-request-timeout-ms': String(deadlineMs) }),
    ratePerSecond,
    connections: Math.min(MOST_CONNECTIONS, Math.ceil((ratePerSecond * (settleMs + durationMs)) / 1000)),
  });
  const fromMs = performance.now() + settleMs;
  await delay(settleMs + durationMs);
  await loop.stop();
  // It is answered when the server has done what it still had to do.
  await inferOnce(server, model, 'binary');
  return outcomeOf(loop, { fromMs, untilMs: fromMs + durationMs }, deadlineMs);
}

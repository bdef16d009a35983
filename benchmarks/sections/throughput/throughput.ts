import { checkAgreement } from '../../contestants/agreement.ts';
import { type Raw, startRaw } from '../../contestants/raw.ts';
import type { RawAnswer } from '../../contestants/raw-messages.ts';
import type { Server, ServerName } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext, Section } from '../../context.ts';
import { closedLoop, type LoadResult } from '../../load/closed-loop.ts';
import { inferenceRequests } from '../../load/requests.ts';
import { throughputFindings } from './findings.ts';
import { measureLoopDelays } from './loop-delays.ts';
import { type Cell, hasEchoFloor, type Plan, planOf } from './plan.ts';
import type { ThroughputResults } from './results.ts';
import { throughputTables } from './tables.ts';

export const THROUGHPUT: Section = {
  title: 'Throughput and latency, closed loop',
  method:
    'Each of the connections sends its next request when it has the answer to the last. All servers stay up; in each of three rounds they take their turns at every load, in alternating order. Figures are medians of the rounds; ratios in the targets are medians of the ratio within each round. Raw runs are rows per second of `session.run` in a loop, in a process of its own. The worst delay of the event loop that has the connections, from tick to tick of a 1 ms timer, is of one more pass, on servers that are watched from inside.',
  run: async (context) => {
    const results = await measure(context, planOf(context.effort));
    return { tables: throughputTables(results), findings: throughputFindings(results) };
  },
};

async function measure(context: BenchContext, plan: Plan): Promise<ThroughputResults> {
  const servers = await Promise.all(
    (['echo', 'naive', 'EchoServe'] as const).map((name) => startByName(context, name)),
  );
  const raw = startRaw(context);
  await prepare(servers, plan);
  const cells = plan.cells.map((cell) => ({ cell, rounds: {} as Partial<Record<ServerName, LoadResult[]>> }));
  const rawCells = plan.raw.map((cell) => ({ cell, rounds: [] as RawAnswer[] }));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const { cell, rounds } of rawCells) {
      context.progress(`round ${round + 1}: raw ${cell.model.id}, batch ${cell.batch}`);
      rounds.push(await measureRaw(raw, cell.model.id, cell.batch, plan));
    }
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const { cell, rounds } of cells) {
      context.progress(`round ${round + 1}: ${cell.model.id}, ${cell.format}, concurrency ${cell.concurrency}`);
      for (const server of order.filter(({ name }) => name !== 'echo' || hasEchoFloor(cell))) {
        rounds[server.name] ??= [];
        rounds[server.name]?.push(await measureCell(server, cell));
      }
    }
  }
  await Promise.all([...servers, raw].map(({ end }) => end()));
  const loopDelays = await measureLoopDelays(context, plan.cells);
  return {
    cells: cells.map(({ cell, rounds }) => ({ cell, rounds, loopDelays: loopDelays.get(cell) ?? {} })),
    raw: rawCells,
  };
}

async function prepare(servers: readonly Server[], plan: Plan): Promise<void> {
  const models = new Set(plan.cells.map(({ model }) => model));
  for (const model of models) for (const server of servers) await server.load(model);
  const [naive, ours] = servers.filter(({ name }) => name !== 'echo');
  if (naive === undefined || ours === undefined) throw new Error('there must be two servers to compare');
  for (const model of models) {
    for (const format of ['json', 'binary'] as const) await checkAgreement(naive, ours, model, format);
  }
}

function measureCell({ port }: Server, { model, format, ...load }: Cell): Promise<LoadResult> {
  return closedLoop({ port, requests: inferenceRequests(port, model, format), ...load });
}

function measureRaw(raw: Raw, modelId: string, batch: number, plan: Plan): Promise<RawAnswer> {
  const cell = plan.cells.find(({ model }) => model.id === modelId);
  return raw.measure({ modelId, batch, warmUpMs: 200, durationMs: cell?.durationMs ?? 1000 });
}

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext } from '../../context.ts';
import { Connection } from '../../load/connection.ts';
import { readProcessorTime } from '../../measure/processor-time.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { perceptron } from '../../models/perceptron.ts';
import { writeRepository } from '../../models/write-repository.ts';
import { figure, megabytes } from '../../report/format.ts';
import type { Table } from '../../report/section-report.ts';
import { readFigures } from '../residency/server-figures.ts';
import { type Cost, measureCost } from './cost.ts';
import type { Curve, Point } from './curve.ts';
import { measureFloor } from './floor.ts';
import { availableBytes, loadWarm, mostThatFit, requestFor } from './residents.ts';

/** Of the memory that the machine has available when the section begins. */
const BUDGET_SHARE = 0.85;

interface Effort {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly durationMs: number;
  readonly restMs: number;
}

const EFFORTS: Readonly<Record<BenchContext['effort'], Effort>> = {
  quick: { sizes: [1, 10, 50], rounds: 2, durationMs: 500, restMs: 5000 },
  full: { sizes: [1, 10, 50, 200, 500], rounds: 3, durationMs: 700, restMs: 10_000 },
};

interface Pattern {
  readonly load: string;
  readonly concurrency: number;
  readonly isSpread: boolean;
}

const PATTERNS: readonly Pattern[] = [
  { load: 'one of them asked, 8 at a time', concurrency: 8, isSpread: false },
  { load: 'all in turn, 1 at a time', concurrency: 1, isSpread: true },
  { load: 'all in turn, 8 at a time', concurrency: 8, isSpread: true },
];

export interface VersionsResult {
  readonly curves: readonly Curve[];
  readonly rest: Table;
  readonly floor: Table;
}

/** A small server's cost beside that of one with more and more versions, both up at the same time. */
export async function measureVersions(context: BenchContext): Promise<VersionsResult> {
  const effort = EFFORTS[context.effort];
  const models = Array.from({ length: Math.max(...effort.sizes) }, (_, i) =>
    perceptron({ id: `scale-${String(i + 1).padStart(3, '0')}`, title: '', units: [4, 16, 3] }),
  );
  const room = { ...context, repository: join(context.scratch, 'scale-models') };
  writeRepository(room.repository, models, 1);
  const budgetBytes = Math.floor((await availableBytes()) * BUDGET_SHARE);
  const options = { serverArgs: ['--memory-budget', String(budgetBytes)] };
  const small = await startByName(room, 'EchoServe', options);
  const large = await startByName(room, 'EchoServe', options);
  await loadWarm(small, models.slice(0, 1));

  const points = PATTERNS.map((): Point[] => []);
  const restRows: string[][] = [];
  let loaded = 0;
  for (const wanted of effort.sizes) {
    const size = Math.min(wanted, await mostThatFit(large, loaded, budgetBytes));
    if (size <= loaded) break;
    context.progress(`loading up to ${size} versions, and asking each until it is compiled`);
    await loadWarm(large, models.slice(loaded, size));
    loaded = size;
    restRows.push(await measureRest(large, size, effort.restMs));
    for (const [index, pattern] of PATTERNS.entries()) {
      context.progress(`${size} versions, ${pattern.load}`);
      points[index]?.push(await measurePoint(small, large, models.slice(0, size), pattern, effort));
    }
  }
  await Promise.all([small.end(), large.end()]);
  return {
    curves: PATTERNS.map(({ load }, index) => ({ load, points: points[index] ?? [] })),
    rest: {
      caption: `The server at rest; its memory budget is ${megabytes(budgetBytes)}`,
      columns: ['resident versions', 'memory used', 'front, ms of processor time per second', 'runners, ms per second'],
      rows: restRows,
    },
    floor: await measureFloor(room, models),
  };
}

async function measurePoint(
  small: Server,
  large: Server,
  models: readonly BenchmarkModel[],
  { concurrency, isSpread }: Pattern,
  { rounds, durationMs }: Effort,
): Promise<Point> {
  const first = models.slice(0, 1);
  const costs: Cost[] = [];
  const references: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) {
    costs.push(await measureAsked(large, isSpread ? models : first, concurrency, durationMs));
    references.push(await measureAsked(small, first, concurrency, durationMs));
  }
  return { size: models.length, rounds: costs, references };
}

async function measureAsked(
  server: Server,
  models: readonly BenchmarkModel[],
  concurrency: number,
  durationMs: number,
): Promise<Cost> {
  const { port } = server;
  const requests = models.map((model) => requestFor(port, model));
  const connections = await Connection.openAll(port, concurrency);
  const cost = await measureCost(server, { connections, requests, concurrency }, durationMs);
  for (const connection of connections) connection.close();
  return cost;
}

async function measureRest(server: Server, size: number, restMs: number): Promise<string[]> {
  const { usedBytes, evictions } = await readFigures(server);
  if (evictions > 0) throw new Error(`${size} versions do not fit the budget: ${evictions} were evicted`);
  const before = await readProcessorTime(server.pid);
  await delay(restMs);
  const after = await readProcessorTime(server.pid);
  const perSecond = (fromMs: number, toMs: number): string => figure(((toMs - fromMs) * 1000) / restMs);
  return [
    String(size),
    megabytes(usedBytes),
    perSecond(before.rootMs, after.rootMs),
    perSecond(before.descendantsMs, after.descendantsMs),
  ];
}

import type { Server } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext } from '../../context.ts';
import { Connection } from '../../load/connection.ts';
import { inferenceRequests } from '../../load/requests.ts';
import { TINY } from '../../models/catalog.ts';
import { type Cost, measureCost } from './cost.ts';
import type { Curve } from './curve.ts';

interface Pattern {
  readonly load: string;
  readonly concurrency: number;
  /** Whether all connections have their turn, or only as many as there are requests at a time. */
  readonly isSpread: boolean;
  readonly sizes: readonly number[];
}

const PATTERNS: readonly Pattern[] = [
  { load: 'the same one asks', concurrency: 1, isSpread: false, sizes: [1, 10, 100, 1000] },
  { load: 'all in turn, 1 at a time', concurrency: 1, isSpread: true, sizes: [1, 10, 100, 1000] },
  { load: 'the same 8 ask', concurrency: 8, isSpread: false, sizes: [8, 100, 1000] },
  { load: 'all in turn, 8 at a time', concurrency: 8, isSpread: true, sizes: [8, 100, 1000] },
];

/** What a request costs while more and more connections are open. */
export async function measureConnections(context: BenchContext): Promise<readonly Curve[]> {
  const server = await startByName(context, 'EchoServe');
  await server.load(TINY);
  const curves: Curve[] = [];
  for (const pattern of PATTERNS) curves.push(await measurePattern(context, server, pattern));
  await server.end();
  return curves;
}

async function measurePattern(context: BenchContext, server: Server, pattern: Pattern): Promise<Curve> {
  const { rounds, durationMs } =
    context.effort === 'quick' ? { rounds: 2, durationMs: 400 } : { rounds: 3, durationMs: 700 };
  const smallest = pattern.sizes[0] ?? 1;
  const sizes = context.effort === 'quick' ? [smallest, ...pattern.sizes.slice(-1)] : pattern.sizes;
  const points: Curve['points'][number][] = [];
  for (const size of sizes) {
    context.progress(`${size} connections, ${pattern.load}`);
    const costs: Cost[] = [];
    const references: Cost[] = [];
    for (let round = 0; round < rounds; round += 1) {
      costs.push(await measureOpen(server, pattern, size, durationMs));
      references.push(await measureOpen(server, pattern, smallest, durationMs));
    }
    points.push({ size, rounds: costs, references });
  }
  return { load: pattern.load, points };
}

async function measureOpen(
  server: Server,
  { concurrency, isSpread }: Pattern,
  size: number,
  durationMs: number,
): Promise<Cost> {
  const { port } = server;
  const open = await Connection.openAll(port, size);
  const connections = isSpread ? open : open.slice(0, concurrency);
  const requests = inferenceRequests(port, TINY, 'json');
  const cost = await measureCost(server, { connections, requests, concurrency }, durationMs);
  for (const connection of open) connection.close();
  return cost;
}

import { startWatched, type WatchedServer } from '../../contestants/loop-delay.ts';
import type { ServerName } from '../../contestants/server.ts';
import type { BenchContext } from '../../context.ts';
import { closedLoop } from '../../load/closed-loop.ts';
import { inferenceRequests } from '../../load/requests.ts';
import type { Cell } from './plan.ts';

const WARM_UP_MS = 200;
const WATCHED_MS = 600;

/** Worst delay of the event loop of the process that has the connections, in milliseconds. */
export type LoopDelays = Readonly<Partial<Record<ServerName, number>>>;

/** Every load once more, on servers that are watched from inside: the watching costs too much for the other figures. */
export async function measureLoopDelays(
  context: BenchContext,
  cells: readonly Cell[],
): Promise<ReadonlyMap<Cell, LoopDelays>> {
  const watched = [await startWatched(context, 'naive'), await startWatched(context, 'EchoServe')];
  for (const { server } of watched) {
    for (const model of new Set(cells.map((cell) => cell.model))) await server.load(model);
  }
  const delays = new Map<Cell, LoopDelays>();
  for (const cell of cells) {
    context.progress(`event loops: ${cell.model.id}, ${cell.format}, concurrency ${cell.concurrency}`);
    const ofCell: Partial<Record<ServerName, number>> = {};
    for (const each of watched) ofCell[each.server.name] = await worstDelay(each, cell);
    delays.set(cell, ofCell);
  }
  await Promise.all(watched.map(({ server }) => server.end()));
  return delays;
}

async function worstDelay({ server, readLoopDelay }: WatchedServer, cell: Cell): Promise<number> {
  const { port } = server;
  const { concurrency, model, format } = cell;
  const load = { port, requests: inferenceRequests(port, model, format), concurrency, warmUpMs: 0 };
  await closedLoop({ ...load, durationMs: WARM_UP_MS });
  await readLoopDelay();
  await closedLoop({ ...load, durationMs: WATCHED_MS });
  return (await readLoopDelay()).maxMs;
}

import { readFile } from 'node:fs/promises';
import type { Server } from '../../contestants/server.ts';
import { inferenceBody, inferencePath, postRequest } from '../../load/requests.ts';
import { traceLoad } from '../../load/trace-load.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { readFigures } from '../residency/server-figures.ts';

const LOADS_AT_ONCE = 4;
const WARM_UP_REQUESTS = 600;

/**
 * Loads `models`, and asks each so often that its runner's code is compiled: asked in turn with hundreds of others it
 * would take minutes to get there.
 */
export async function loadWarm(server: Server, models: readonly BenchmarkModel[]): Promise<void> {
  const waiting = models.values();
  const work = async (): Promise<void> => {
    for (const model of waiting) await server.load(model);
  };
  await Promise.all(Array.from({ length: LOADS_AT_ONCE }, work));
  const { port } = server;
  for (const model of models) {
    const requests = new Array<Buffer>(WARM_UP_REQUESTS).fill(requestFor(port, model));
    const { failed } = await traceLoad({ port, requests, concurrency: 1 });
    if (failed > 0) throw new Error(`${failed} of ${WARM_UP_REQUESTS} requests to ${model.id} failed`);
  }
}

export function requestFor(port: number, model: BenchmarkModel): Buffer {
  return postRequest(port, inferencePath(model.id), inferenceBody(model, 'json', 1));
}

/** How many versions fit, by what those that are loaded use; as many as one likes while there are none. */
export async function mostThatFit(server: Server, loaded: number, budgetBytes: number): Promise<number> {
  if (loaded === 0) return Number.POSITIVE_INFINITY;
  const { usedBytes } = await readFigures(server);
  return Math.floor((budgetBytes * loaded) / usedBytes);
}

/** Of the machine, without what others use. */
export async function availableBytes(): Promise<number> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'latin1'))?.[1];
  if (kilobytes === undefined) throw new Error('/proc/meminfo does not say how much memory is available');
  return Number(kilobytes) * 1024;
}

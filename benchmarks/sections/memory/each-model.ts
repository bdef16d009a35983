import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext } from '../../context.ts';
import { readPss, readSteadyTree, totalBytes } from '../../measure/process-tree.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { MODELS } from '../../models/catalog.ts';
import { loadAndInfer } from './load-and-infer.ts';
import { deviation, type Footprint, type ModelMemory } from './model-results.ts';

/** The server samples every 5 s: by then the last inference is in a sample, and what is read will not come closer. */
const LONGEST_WAIT_MS = 12_000;
const INTERVAL_MS = 250;
/** Much less than what is asked for, so that the figure shown is not merely the first that passes. */
const AGREEMENT = 0.005;

/** Each model alone in EchoServe, one after the other. */
export async function measureModels(context: BenchContext, node: string): Promise<readonly ModelMemory[]> {
  const server = await startByName(context, 'EchoServe', { node });
  const results: ModelMemory[] = [];
  for (const model of MODELS) {
    context.progress(`EchoServe: ${model.id}`);
    await loadAndInfer(server, model);
    const loaded = await readSteadyTree(server.pid);
    const footprint = await compare(server, model);
    await server.unload(model);
    const unloaded = await readSteadyTree(server.pid);
    results.push({ ...footprint, title: model.title, id: model.id, cost: totalBytes(loaded) - totalBytes(unloaded) });
  }
  await server.end();
  return results;
}

/** Reads until the last sample and the reading agree: the sample may be older than the last inference. */
async function compare(server: Server, model: BenchmarkModel): Promise<Footprint> {
  const giveUpAtMs = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const footprint = await read(server, model);
    if (deviation(footprint) <= AGREEMENT || performance.now() > giveUpAtMs) return footprint;
    await delay(INTERVAL_MS);
  }
}

async function read(server: Server, model: BenchmarkModel): Promise<Footprint> {
  const reported = await server.memoryOf(model);
  if (reported === undefined) throw new Error(`${server.name} says nothing of ${model.id}`);
  const outside = await readPss(reported.pid);
  if (outside === undefined) throw new Error(`the process of ${model.id} is gone`);
  return { reported, outside };
}

import type { Server, ServerName } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext } from '../../context.ts';
import { readSteadyTree, type TreeMemory } from '../../measure/process-tree.ts';
import { MEDIUM } from '../../models/catalog.ts';
import type { CyclesResult } from './cycle-results.ts';
import { loadAndInfer } from './load-and-infer.ts';

export async function measureCycles(context: BenchContext, name: ServerName, node: string): Promise<CyclesResult> {
  const server = await startByName(context, name, { node });
  const idle = await readSteadyTree(server.pid);
  const cycles = context.effort === 'quick' ? 8 : 50;
  const first = await cycle(server);
  for (let i = 2; i < cycles; i += 1) {
    if (i % 5 === 0) context.progress(`${name}: cycle ${i} of ${cycles}`);
    await loadAndInfer(server, MEDIUM);
    await server.unload(MEDIUM);
  }
  const last = await cycle(server);
  await server.end();
  return { name, cycles, idle, first, last };
}

async function cycle(server: Server): Promise<{ readonly loaded: TreeMemory; readonly unloaded: TreeMemory }> {
  await loadAndInfer(server, MEDIUM);
  const loaded = await readSteadyTree(server.pid);
  await server.unload(MEDIUM);
  return { loaded, unloaded: await readSteadyTree(server.pid) };
}

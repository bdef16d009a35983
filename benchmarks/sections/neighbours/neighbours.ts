import { setTimeout as delay } from 'node:timers/promises';
import type { Server, ServerName } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext, Section } from '../../context.ts';
import { OpenLoop, type Sample } from '../../load/open-loop.ts';
import { inferenceRequests } from '../../load/requests.ts';
import { type LatencySummary, summarize } from '../../measure/statistics.ts';
import { latenciesDuring, latenciesWithin, type Window } from '../../measure/windows.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { LARGE, TINY } from '../../models/catalog.ts';
import { CONVOLUTIONAL } from '../../models/convolutional.ts';
import { neighbourFindings, neighbourTable, type Phase, type Result } from './results.ts';

const QUIET_MS = 800;
/** After an operation its effects, such as the pages that the system takes back, still count as its own. */
const AFTER_MS = 200;

/** The models that are asked all the time, well below what the machine can do. */
const NEIGHBOURING: readonly { readonly model: BenchmarkModel; readonly ratePerSecond: number }[] = [
  { model: TINY, ratePerSecond: 400 },
  { model: CONVOLUTIONAL, ratePerSecond: 30 },
];

export const NEIGHBOURS: Section = {
  title: 'Other models while one loads and unloads',
  method: `Two models are asked at fixed rates (${NEIGHBOURING.map(({ model, ratePerSecond }) => `${model.id} ${ratePerSecond}/s`).join(', ')}; binary), while a 100 MB model is loaded and unloaded again and again with quiet time between. A request that was under way in a load or an unload, or within 0.2 s after it, counts as disturbed; as quiet counts one that began and ended between.`,
  run: async (context) => {
    const results: Result[] = [];
    for (const name of ['naive', 'EchoServe'] as const) results.push(...(await measure(context, name)));
    return { tables: [neighbourTable(results)], findings: neighbourFindings(results) };
  },
};

async function measure(context: BenchContext, name: ServerName): Promise<readonly Result[]> {
  const server = await startByName(context, name);
  for (const { model } of NEIGHBOURING) await server.load(model);
  const loops = await Promise.all(
    NEIGHBOURING.map(({ model, ratePerSecond }) =>
      OpenLoop.start({
        port: server.port,
        requests: inferenceRequests(server.port, model, 'binary'),
        ratePerSecond,
        connections: 32,
      }),
    ),
  );
  await delay(QUIET_MS);
  const windows = await cycle(context, server, context.effort === 'quick' ? 4 : 20);
  for (const loop of loops) await loop.stop();
  await server.end();
  return NEIGHBOURING.map(({ model, ratePerSecond }, i) => ({
    name,
    model,
    ratePerSecond,
    phases: phasesOf(loops[i]?.samples ?? [], windows),
    failed: loops[i]?.failed ?? 0,
  }));
}

async function cycle(context: BenchContext, server: Server, cycles: number): Promise<readonly Window<Phase>[]> {
  const windows: Window<Phase>[] = [];
  const during = async (kind: Phase, action: () => Promise<unknown>, afterMs: number): Promise<void> => {
    const startMs = performance.now();
    await action();
    await delay(afterMs);
    windows.push({ kind, startMs, endMs: performance.now() });
  };
  for (let i = 0; i < cycles; i += 1) {
    context.progress(`${server.name}: cycle ${i + 1} of ${cycles}`);
    await during('quiet', () => delay(QUIET_MS), 0);
    await during('load', () => server.load(LARGE), AFTER_MS);
    await during('quiet', () => delay(QUIET_MS), 0);
    await during('unload', () => server.unload(LARGE), AFTER_MS);
  }
  return windows;
}

function phasesOf(samples: readonly Sample[], windows: readonly Window<Phase>[]): Record<Phase, LatencySummary> {
  const of = (phase: Phase): LatencySummary => summarize(latenciesDuring(samples, windows, phase));
  return { quiet: summarize(latenciesWithin(samples, windows, 'quiet')), load: of('load'), unload: of('unload') };
}

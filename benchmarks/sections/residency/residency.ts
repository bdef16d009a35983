import { join } from 'node:path';
import type { Server } from '../../contestants/server.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext, Section } from '../../context.ts';
import { inferenceBody, inferencePath, postRequest } from '../../load/requests.ts';
import { traceLoad } from '../../load/trace-load.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { writeRepository } from '../../models/write-repository.ts';
import { measureBudget } from './budget.ts';
import { lruHits } from './lru.ts';
import { PssWatch } from './pss-watch.ts';
import { type ResidencyResult, residencyFindings, residencyTable } from './results.ts';
import { readFigures } from './server-figures.ts';
import { residencyModels, residencyTrace } from './workload.ts';

const MODEL_COUNT = 30;
const HELD = 10;
const CLIENTS = 32;

export const RESIDENCY: Section = {
  title: 'More models than the memory budget holds',
  method: `${MODEL_COUNT} models of 4 to 12 MB are served under a budget that holds ${HELD} of them: what ${HELD} use together, and 5 % more. ${CLIENTS} clients ask for models at random, 58 % of the requests for the first third of them; a model that is not loaded is loaded for its request. Meanwhile another process sums the proportional set sizes (PSS) of the models' processes every 50 ms. Beside the server's own hit rate stands that of a plain LRU of ${HELD}, simulated on the same trace in the order in which the requests were sent. A request that joins a load under way, or one that waits for memory, counts as a hit. In the simulation a load takes no time; in the server up to ${CLIENTS} models can be on their way beside those that are loaded, so its rate can be the higher one.`,
  run: async (context) => {
    const models = residencyModels(MODEL_COUNT);
    const repository = join(context.scratch, 'residency-models');
    writeRepository(repository, models, context.threads);
    const result = await measure({ ...context, repository }, models);
    return { tables: [residencyTable(result)], findings: residencyFindings(result) };
  },
};

async function measure(context: BenchContext, models: readonly BenchmarkModel[]): Promise<ResidencyResult> {
  context.progress(`measuring what ${HELD} models use`);
  const budgetBytes = await measureBudget(context, models.slice(0, HELD));
  const server = await startByName(context, 'EchoServe', { serverArgs: ['--memory-budget', String(budgetBytes)] });
  const trace = residencyTrace(models.length, context.effort === 'quick' ? 400 : 3000);
  context.progress(`${trace.length} requests`);
  const watch = new PssWatch(server.pid);
  const load = await traceLoad({
    port: server.port,
    requests: requestsOf(trace, models, server),
    concurrency: CLIENTS,
  });
  await watch.end();
  const figures = await readFigures(server);
  await server.end();
  return {
    held: HELD,
    requests: trace.length,
    load,
    server: figures,
    lruHitRate: lruHits(trace, HELD) / trace.length,
    budgetBytes,
    mostBytes: watch.mostBytes,
    readings: watch.readings,
  };
}

function requestsOf(trace: readonly number[], models: readonly BenchmarkModel[], { port }: Server): readonly Buffer[] {
  const requests = models.map((model) => postRequest(port, inferencePath(model.id), inferenceBody(model, 'binary', 1)));
  return trace.map((rank) => requests[rank] ?? Buffer.alloc(0));
}

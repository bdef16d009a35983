import { setTimeout as delay } from 'node:timers/promises';
import { inferOnce } from '../../contestants/infer-once.ts';
import { startByName } from '../../contestants/start-servers.ts';
import type { BenchContext } from '../../context.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { readRunners } from './pss-watch.ts';
import { readFigures } from './server-figures.ts';

const MARGIN = 1.05;
/**
 * The server samples every 5 s. Code that all runners map is shared among more of them with each load, so what was
 * measured at the first loads is too much.
 */
const SETTLE_MS = 6000;

/** A budget in bytes that holds `models`, and hardly one more: what they use when all of them are loaded. */
export async function measureBudget(context: BenchContext, models: readonly BenchmarkModel[]): Promise<number> {
  const server = await startByName(context, 'EchoServe');
  for (const model of models) {
    await server.load(model);
    await inferOnce(server, model, 'binary');
  }
  await delay(SETTLE_MS);
  const outsideBytes = await readRunners(server.pid);
  const { usedBytes } = await readFigures(server);
  await server.end();
  return Math.ceil(Math.max(outsideBytes, usedBytes) * MARGIN);
}

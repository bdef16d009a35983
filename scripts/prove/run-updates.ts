import type { Server } from '../../test/helpers/acceptance/server.ts';
import type { LoadTally } from '../../test/helpers/updates/load-tally.ts';
import { SHORT_STAGES } from '../../test/helpers/updates/rollouts.ts';
import { UpdatedModel, type UpdateResult } from '../../test/helpers/updates/updated-model.ts';
import type { ProveOptions } from './options.ts';
import { plannedUpdates, Queue } from './plan.ts';

/** A run of the heavy model takes 4 ms, and while it is updated to a slow one 8. */
const HEAVY_RATE_PER_SECOND = 30;
/** Of each request: a version that hangs is found out by requests that wait so long for it. */
const TIMEOUT_MS = 2000;

export interface Run {
  readonly results: readonly UpdateResult[];
  /** Of all requests, those between updates as well. */
  readonly tallies: readonly LoadTally[];
  /** Updates that neither ended nor were paused, in words. */
  readonly stuck: readonly string[];
  readonly durationMs: number;
}

/** Runs all updates on several models of a server side by side, and tells each as it ends. */
export async function runUpdates(
  server: Server,
  options: ProveOptions,
  onResult: (result: UpdateResult) => void,
): Promise<Run> {
  const queue = new Queue(plannedUpdates(options));
  const results: UpdateResult[] = [];
  const stuck: string[] = [];
  const startedAt = performance.now();
  const models = await Promise.all(
    Array.from({ length: options.models }, (_, index) => startModel(server, options, index)),
  );
  await Promise.all(
    models.map(async (model) => {
      for (let kind = queue.next(model.isHeavy); kind !== undefined; kind = queue.next(model.isHeavy)) {
        try {
          const result = await model.update(kind);
          results.push(result);
          onResult(result);
        } catch (error) {
          // Its model can not be updated any more; the other models go on.
          stuck.push(`${kind.name} of ${model.id}: ${error instanceof Error ? error.message : error}`);
          return;
        }
      }
    }),
  );
  const durationMs = performance.now() - startedAt;
  for (const model of models) await model[Symbol.asyncDispose]();
  const tallies = [...results.map(({ tally }) => tally), ...models.flatMap(({ between }) => between)];
  return { results, tallies, stuck, durationMs };
}

function startModel(server: Server, { ratePerSecond }: ProveOptions, index: number): Promise<UpdatedModel> {
  const isHeavy = index === 0;
  return UpdatedModel.start(server, {
    modelId: isHeavy ? 'heavy' : `light-${index}`,
    ratePerSecond: isHeavy ? HEAVY_RATE_PER_SECOND : ratePerSecond,
    timeoutMs: TIMEOUT_MS,
    isHeavy,
    strategy: SHORT_STAGES,
  });
}

import { AppError } from '../../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, Runner, RunnerSpec } from '../ports/engine.ts';

/** A fresh runner of a version does what the first one did; with a cold disk and a busy machine it may take this much longer. */
const RESTART_PATIENCE = 10;
const SHORTEST_LIMIT_MS = 30_000;

/** How long a version's next runner may take, when its first one took `firstMs`. */
export function restartLimitMs(firstMs: number, loadTimeoutMs: number): number {
  return Math.min(loadTimeoutMs, Math.max(SHORTEST_LIMIT_MS, RESTART_PATIENCE * firstMs));
}

/**
 * Starts a runner; one that is not ready in time is ended.
 * @throws AppError `model_unloadable` past the limit, and what `Engine.start` fails with
 */
export async function startWithin(
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
  spec: RunnerSpec,
  limitMs: number,
  signal: AbortSignal,
): Promise<Runner> {
  const limit = new AbortController();
  const timer = clock.after(limitMs, () => limit.abort());
  try {
    return await engine.start(spec, AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    if (!limit.signal.aborted || signal.aborted) throw error;
    throw new AppError('model_unloadable', `The model was not ready ${Math.round(limitMs / 1000)} s after its start.`, {
      cause: error,
      next: 'If it needs longer, raise --load-timeout; otherwise look for what its first runs wait for.',
    });
  } finally {
    timer[Symbol.dispose]();
  }
}

/**
 * Starts several runners side by side. Where one of them can not be started, none is left.
 * @throws what the first of them fails with
 */
export async function startAllWithin(
  context: { readonly engine: Engine; readonly clock: Clock },
  specs: readonly RunnerSpec[],
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Runner[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const faults: unknown[] = [];
  const start = async (spec: RunnerSpec): Promise<readonly Runner[]> => {
    try {
      return [await startWithin(context, spec, limitMs, either)];
    } catch (error) {
      faults.push(error);
      failed.abort();
      return [];
    }
  };
  const runners = (await Promise.all(specs.map(start))).flat();
  if (faults.length === 0) return runners;
  await Promise.all(runners.map((runner) => runner[Symbol.asyncDispose]()));
  throw faults[0];
}

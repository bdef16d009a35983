import type { Effort } from '../../context.ts';
import type { Format } from '../../load/requests.ts';
import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { TINY, WIDE } from '../../models/catalog.ts';
import { CONVOLUTIONAL } from '../../models/convolutional.ts';
import { TRANSFORMER } from '../../models/transformer.ts';

/** One load, put on one server after the other. */
export interface Cell {
  readonly model: BenchmarkModel;
  readonly format: Format;
  readonly concurrency: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface RawCell {
  readonly model: BenchmarkModel;
  readonly batch: number;
}

export interface Plan {
  readonly rounds: number;
  readonly cells: readonly Cell[];
  readonly raw: readonly RawCell[];
}

type Load = readonly [model: BenchmarkModel, format: Format, concurrency: number];

const CONCURRENCIES = [1, 8, 32] as const;

/** What the targets need, and no more. */
const QUICK_LOADS: readonly Load[] = [
  [TINY, 'json', 1],
  [TINY, 'json', 32],
  [TINY, 'binary', 1],
  [TINY, 'binary', 32],
  [WIDE, 'binary', 32],
  [CONVOLUTIONAL, 'binary', 1],
  [CONVOLUTIONAL, 'binary', 8],
  [TRANSFORMER, 'binary', 8],
];

const FULL_LOADS: readonly Load[] = [TINY, WIDE, CONVOLUTIONAL, TRANSFORMER].flatMap((model) =>
  (['json', 'binary'] as const).flatMap((format) =>
    CONCURRENCIES.map((concurrency): Load => [model, format, concurrency]),
  ),
);

export function planOf(effort: Effort): Plan {
  const loads = effort === 'quick' ? QUICK_LOADS : FULL_LOADS;
  const durationMs = effort === 'quick' ? 500 : 1200;
  return {
    rounds: 3,
    cells: loads.map(([model, format, concurrency]) => ({
      model,
      format,
      concurrency,
      ...timesOf(model, concurrency, durationMs),
    })),
    raw: [TINY, WIDE, CONVOLUTIONAL, TRANSFORMER].flatMap((model) =>
      (model.isBatchable ? [1, model === TRANSFORMER ? 8 : 32] : [1]).map((batch) => ({ model, batch })),
    ),
  };
}

/** Slow models need more time for as many answers, and for whole batches. */
function timesOf(
  model: BenchmarkModel,
  concurrency: number,
  durationMs: number,
): { warmUpMs: number; durationMs: number } {
  if (model === TRANSFORMER) {
    const batches = concurrency >= 32 ? 3 : 1;
    return { warmUpMs: 600 * batches, durationMs: 2 * durationMs * batches };
  }
  return { warmUpMs: 250, durationMs: model === CONVOLUTIONAL ? 1.5 * durationMs : durationMs };
}

/** Small bodies only: sending 600 KB back is no part of what a model server does. */
export function hasEchoFloor({ model }: Cell): boolean {
  return model === TINY || model === WIDE;
}

import type { Format } from '../load/requests.ts';
import type { BenchmarkModel } from '../models/benchmark-model.ts';
import { inferOnce } from './infer-once.ts';
import type { Server } from './server.ts';

/** The same kernels on the same weights; threads and batches may sum in another order. */
const TOLERANCE = 1e-3;

/**
 * Two servers are comparable when they answer the same: asks both the same question.
 * @throws Error when an answer is no success or they differ
 */
export async function checkAgreement(a: Server, b: Server, model: BenchmarkModel, format: Format): Promise<void> {
  const left = await inferOnce(a, model, format);
  const right = await inferOnce(b, model, format);
  if (!isClose(left, right)) throw new Error(`${a.name} and ${b.name} answer differently to ${model.id} by ${format}`);
}

function isClose(left: readonly number[], right: readonly number[]): boolean {
  return (
    left.length > 0 &&
    left.length === right.length &&
    left.every((value, i) => Math.abs(value - (right[i] ?? Number.NaN)) <= TOLERANCE * Math.max(1, Math.abs(value)))
  );
}

import type { BenchmarkModel } from '../../models/benchmark-model.ts';
import { perceptron } from '../../models/perceptron.ts';
import { seededNumbers } from '../../models/seeded.ts';

const LEAST_BYTES = 4e6;
const MOST_BYTES = 12e6;
const INPUTS = 64;
const OUTPUTS = 16;
const TRACE_SEED = 3;

/**
 * Models of as many sizes, most asked first. Sizes are spread evenly, and in an order that has nothing to do with how
 * often a model is asked for.
 */
export function residencyModels(count: number): readonly BenchmarkModel[] {
  return Array.from({ length: count }, (_, rank) => {
    const bytes = LEAST_BYTES + ((MOST_BYTES - LEAST_BYTES) * spread(rank, count)) / (count - 1);
    return perceptron({
      id: `resident-${String(rank + 1).padStart(2, '0')}`,
      title: `${(bytes / 1e6).toFixed(1)} MB MLP`,
      units: [INPUTS, hiddenUnits(bytes), hiddenUnits(bytes), OUTPUTS],
    });
  });
}

/** A permutation of 0 … count − 1 where 11 does not divide the count. */
function spread(rank: number, count: number): number {
  return (rank * 11) % count;
}

/** Two layers of n units between them have n² + (inputs + outputs) n weights of four bytes. */
function hiddenUnits(bytes: number): number {
  const linear = INPUTS + OUTPUTS;
  return Math.round((Math.sqrt(linear ** 2 + bytes) - linear) / 2);
}

/**
 * Which model each request is for, by rank. Skewed: the share of requests that go to the first `k` of `n` is the root of
 * k / n, so 58 % go to the first third.
 */
export function residencyTrace(models: number, requests: number): readonly number[] {
  return Array.from(seededNumbers(requests, TRACE_SEED), (number) => Math.floor(models * number ** 2));
}

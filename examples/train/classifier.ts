import type { Example } from './data-set.ts';
import { add, at, type Layer } from './layers.ts';
import { type Random, shuffled } from './random.ts';

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of each parameter that is taken off at each step, times the learning rate. */
  readonly weightDecay: number;
  readonly random: Random;
}

/** Trains a network, whose last layer gives one score per class, by the cross entropy of their softmax. */
export function train(network: readonly Layer[], examples: readonly Example[], options: TrainingOptions): void {
  const step = adamStep(network, options);
  for (let epoch = 0; epoch < options.epochs; epoch += 1) {
    const order = shuffled(examples, options.random);
    for (let start = 0; start < order.length; start += options.batchSize) {
      const batch = order.slice(start, start + options.batchSize);
      for (const example of batch) accumulate(network, example);
      step(batch.length);
    }
  }
}

export function forward(network: readonly Layer[], features: Float64Array): Float64Array {
  return network.reduce((values, layer) => layer.forward(values), features);
}

/** Share of the examples whose class gets the highest score. */
export function accuracy(network: readonly Layer[], examples: readonly Example[]): number {
  const right = examples.filter(({ features, label }) => {
    const scores = forward(network, features);
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / examples.length;
}

function accumulate(network: readonly Layer[], { features, label }: Example): void {
  const slopes = softmax(forward(network, features));
  add(slopes, label, -1);
  network.toReversed().reduce((values, layer) => layer.backward(values), slopes);
}

function softmax(scores: Float64Array): Float64Array {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019). */
function adamStep(network: readonly Layer[], options: TrainingOptions): (batchSize: number) => void {
  const [keepFirst, keepSecond, tiny] = [0.9, 0.999, 1e-8];
  const tracked = network
    .flatMap((layer) => layer.parameters)
    .map(({ values, slopes }) => ({
      values,
      slopes,
      first: new Float64Array(values.length),
      second: new Float64Array(values.length),
    }));
  let steps = 0;
  return (batchSize) => {
    steps += 1;
    const rate = (options.learningRate * Math.sqrt(1 - keepSecond ** steps)) / (1 - keepFirst ** steps);
    for (const { values, slopes, first, second } of tracked) {
      for (let i = 0; i < values.length; i += 1) {
        const slope = at(slopes, i) / batchSize;
        first[i] = keepFirst * at(first, i) + (1 - keepFirst) * slope;
        second[i] = keepSecond * at(second, i) + (1 - keepSecond) * slope * slope;
        const decay = options.learningRate * options.weightDecay * at(values, i);
        add(values, i, -(rate * at(first, i)) / (Math.sqrt(at(second, i)) + tiny) - decay);
      }
      slopes.fill(0);
    }
  };
}

import type { BenchmarkModel } from './benchmark-model.ts';
import { Layers } from './layers.ts';
import { seededNumbers } from './seeded.ts';

export interface PerceptronShape {
  readonly id: string;
  readonly title: string;
  /** Units per layer, from the inputs to the outputs. */
  readonly units: readonly number[];
}

/** Fully connected layers with ReLU between them; `x` FP32 [−1, first] to `y` FP32 [−1, last]. */
export function perceptron({ id, title, units }: PerceptronShape): BenchmarkModel {
  const inputs = units[0] ?? 0;
  const outputs = units.at(-1) ?? 0;
  return {
    id,
    title,
    input: { name: 'x', datatype: 'FP32', shape: [1, inputs] },
    isBatchable: true,
    build: () => {
      const layers = new Layers(units.length);
      let value = 'x';
      for (let i = 1; i < units.length; i += 1) {
        const [from = 0, to = 0] = [units[i - 1], units[i]];
        if (i > 1) value = layers.node('Relu', [value]);
        value = layers.node('Gemm', [value, layers.weight([from, to], from), layers.filled(to, 0.01)]);
      }
      layers.finish('y');
      return {
        graph: {
          nodes: layers.nodes,
          initializers: layers.initializers,
          inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', inputs] }],
          outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', outputs] }],
        },
      };
    },
    elements: (seed) => seededNumbers(inputs, seed),
  };
}

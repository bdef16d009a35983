import { floatTensor, integerTensor, type NodeSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';
import type { Tensor } from '../../src/core/tensor/datatype.ts';
import type { Random } from './random.ts';

/** Numbers that training changes, and the slope of the loss by each of them. */
export interface Parameter {
  readonly values: Float64Array;
  readonly slopes: Float64Array;
}

/** The ONNX operators that compute a layer. */
export interface LayerGraph {
  readonly nodes: readonly NodeSpec[];
  readonly initializers: readonly Tensor[];
}

/** One step of a network, for one example at a time. */
export interface Layer {
  readonly parameters: readonly Parameter[];
  forward(input: Float64Array): Float64Array;
  /** Adds to the parameters' slopes; gives the slopes of the loss by the last input. */
  backward(slopes: Float64Array): Float64Array;
  toGraph(input: string, output: string): LayerGraph;
}

export function parameter(count: number, initial: () => number): Parameter {
  return { values: Float64Array.from({ length: count }, initial), slopes: new Float64Array(count) };
}

/** Reads an element that the loops' bounds guarantee. */
export function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}

export function add(values: Float64Array, index: number, amount: number): void {
  values[index] = at(values, index) + amount;
}

/** `y = x · w + b`, w of [inputs, outputs], begun after Glorot and Bengio (2010). */
export function dense(inputs: number, outputs: number, random: Random): Layer {
  const limit = Math.sqrt(6 / (inputs + outputs));
  const weights = parameter(inputs * outputs, () => (random() * 2 - 1) * limit);
  const biases = parameter(outputs, () => 0);
  let last: Float64Array = new Float64Array();
  return {
    parameters: [weights, biases],
    forward(input) {
      last = input;
      const output = biases.values.slice();
      for (let i = 0; i < inputs; i += 1) {
        const x = at(input, i);
        if (x === 0) continue;
        for (let o = 0; o < outputs; o += 1) add(output, o, x * at(weights.values, i * outputs + o));
      }
      return output;
    },
    backward(slopes) {
      const result = new Float64Array(inputs);
      for (let o = 0; o < outputs; o += 1) add(biases.slopes, o, at(slopes, o));
      for (let i = 0; i < inputs; i += 1) {
        const x = at(last, i);
        for (let o = 0; o < outputs; o += 1) {
          add(result, i, at(slopes, o) * at(weights.values, i * outputs + o));
          if (x !== 0) add(weights.slopes, i * outputs + o, at(slopes, o) * x);
        }
      }
      return result;
    },
    toGraph: (input, output) => ({
      nodes: [{ op: 'Gemm', inputs: [input, `${output}_weights`, `${output}_biases`], outputs: [output] }],
      initializers: [
        floatTensor(`${output}_weights`, [inputs, outputs], weights.values),
        floatTensor(`${output}_biases`, [outputs], biases.values),
      ],
    }),
  };
}

/** `y = max(x, 0)`. */
export function relu(): Layer {
  let last: Float64Array = new Float64Array();
  return {
    parameters: [],
    forward(input) {
      last = input;
      return input.map((x) => Math.max(0, x));
    },
    backward: (slopes) => slopes.map((slope, i) => (at(last, i) > 0 ? slope : 0)),
    toGraph: (input, output) => ({
      nodes: [{ op: 'Relu', inputs: [input], outputs: [output] }],
      initializers: [],
    }),
  };
}

/** `y = (x − mean) / deviation`, element by element, both taken from examples. */
export function standardize(examples: readonly { readonly features: Float64Array }[]): Layer {
  const width = examples[0]?.features.length ?? 0;
  const column = (i: number) => examples.map((example) => at(example.features, i));
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const means = Float64Array.from({ length: width }, (_, i) => average(column(i)));
  const deviations = means.map((mean, i) => Math.sqrt(average(column(i).map((x) => (x - mean) ** 2))));
  return {
    parameters: [],
    forward: (input) => input.map((x, i) => (x - at(means, i)) / at(deviations, i)),
    backward: (slopes) => slopes,
    toGraph: (input, output) => ({
      nodes: [
        { op: 'Sub', inputs: [input, `${output}_means`], outputs: [`${output}_centred`] },
        { op: 'Div', inputs: [`${output}_centred`, `${output}_deviations`], outputs: [output] },
      ],
      initializers: [
        floatTensor(`${output}_means`, [width], means),
        floatTensor(`${output}_deviations`, [width], deviations),
      ],
    }),
  };
}

/** `y = x / divisor`. */
export function scale(divisor: number): Layer {
  return {
    parameters: [],
    forward: (input) => input.map((x) => x / divisor),
    backward: (slopes) => slopes.map((slope) => slope / divisor),
    toGraph: (input, output) => ({
      nodes: [{ op: 'Div', inputs: [input, `${output}_divisor`], outputs: [output] }],
      initializers: [floatTensor(`${output}_divisor`, [1], [divisor])],
    }),
  };
}

/** Rows of `length` numbers from whatever shape there was behind the batch dimension. */
export function flatten(length: number): Layer {
  return {
    parameters: [],
    forward: (input) => input,
    backward: (slopes) => slopes,
    toGraph: (input, output) => ({
      nodes: [{ op: 'Reshape', inputs: [input, `${output}_shape`], outputs: [output] }],
      initializers: [integerTensor(`${output}_shape`, [2], [-1, length])],
    }),
  };
}

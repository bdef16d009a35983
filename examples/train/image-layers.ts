import { floatTensor } from '../../src/adapters/onnx/model-file/model-spec.ts';
import { add, at, type Layer, parameter } from './layers.ts';
import type { Random } from './random.ts';

export interface ConvolutionShape {
  readonly channelsIn: number;
  readonly channelsOut: number;
  /** Width and height of its square images. */
  readonly size: number;
}

/** A 3 × 3 convolution with a border of zeros, so that images keep their size. Layout: channel, row, column. */
export function convolution({ channelsIn, channelsOut, size }: ConvolutionShape, random: Random): Layer {
  const limit = Math.sqrt(6 / (9 * (channelsIn + channelsOut)));
  const weights = parameter(channelsOut * channelsIn * 9, () => (random() * 2 - 1) * limit);
  const biases = parameter(channelsOut, () => 0);
  const plane = size * size;
  let last: Float64Array = new Float64Array();

  /** Calls `visit` with where `count` neighbouring inputs and outputs begin that meet under one weight. */
  function eachRow(visit: (input: number, weight: number, output: number, count: number) => void): void {
    for (let weight = 0; weight < channelsOut * channelsIn * 9; weight += 1) {
      const [down, right] = [Math.floor((weight % 9) / 3) - 1, (weight % 3) - 1];
      const channel = Math.floor(weight / 9) % channelsIn;
      const out = Math.floor(weight / 9 / channelsIn);
      const column = Math.max(0, -right);
      for (let row = Math.max(0, -down); row < Math.min(size, size - down); row += 1) {
        const input = channel * plane + (row + down) * size + column + right;
        visit(input, weight, out * plane + row * size + column, size - Math.abs(right));
      }
    }
  }

  return {
    parameters: [weights, biases],
    forward(input) {
      last = input;
      const result = new Float64Array(channelsOut * plane);
      for (let out = 0; out < channelsOut; out += 1) {
        result.fill(at(biases.values, out), out * plane, (out + 1) * plane);
      }
      eachRow((i, w, o, count) => {
        const weight = at(weights.values, w);
        for (let n = 0; n < count; n += 1) add(result, o + n, at(input, i + n) * weight);
      });
      return result;
    },
    backward(slopes) {
      const result = new Float64Array(channelsIn * plane);
      slopes.forEach((slope, o) => {
        add(biases.slopes, Math.floor(o / plane), slope);
      });
      eachRow((i, w, o, count) => {
        const weight = at(weights.values, w);
        let weightSlope = 0;
        for (let n = 0; n < count; n += 1) {
          const slope = at(slopes, o + n);
          add(result, i + n, slope * weight);
          weightSlope += slope * at(last, i + n);
        }
        add(weights.slopes, w, weightSlope);
      });
      return result;
    },
    toGraph: (input, output) => ({
      nodes: [
        {
          op: 'Conv',
          inputs: [input, `${output}_weights`, `${output}_biases`],
          outputs: [output],
          attributes: { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } },
        },
      ],
      initializers: [
        floatTensor(`${output}_weights`, [channelsOut, channelsIn, 3, 3], weights.values),
        floatTensor(`${output}_biases`, [channelsOut], biases.values),
      ],
    }),
  };
}

/** The largest of each 2 × 2 square. */
export function maxPool(channels: number, size: number): Layer {
  const half = size / 2;
  let winners: Uint32Array = new Uint32Array();
  return {
    parameters: [],
    forward(input) {
      winners = Uint32Array.from({ length: channels * half * half }, (_, output) => {
        const [channel, row, column] = [
          Math.floor(output / half / half),
          Math.floor(output / half) % half,
          output % half,
        ];
        const corner = channel * size * size + row * 2 * size + column * 2;
        const square = [corner, corner + 1, corner + size, corner + size + 1];
        return square.reduce((best, candidate) => (at(input, candidate) > at(input, best) ? candidate : best));
      });
      return Float64Array.from(winners, (index) => at(input, index));
    },
    backward(slopes) {
      const result = new Float64Array(channels * size * size);
      winners.forEach((index, output) => {
        add(result, index, at(slopes, output));
      });
      return result;
    },
    toGraph: (input, output) => ({
      nodes: [
        {
          op: 'MaxPool',
          inputs: [input],
          outputs: [output],
          attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
        },
      ],
      initializers: [],
    }),
  };
}

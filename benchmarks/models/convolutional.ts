import type { BenchmarkModel } from './benchmark-model.ts';
import { Layers } from './layers.ts';
import { seededNumbers } from './seeded.ts';

const SIDE = 224;
const CLASSES = 1000;
/** Channels of the stages; each halves the side. */
const STAGES = [32, 64, 128, 192] as const;

/** A small residual image classifier: 600 KB in, 4 KB out, one image a run as most exported vision models have it. */
export const CONVOLUTIONAL: BenchmarkModel = {
  id: 'conv-net',
  title: 'convolutional network, 1×3×224×224',
  input: { name: 'image', datatype: 'FP32', shape: [1, 3, SIDE, SIDE] },
  isBatchable: false,
  build: () => {
    const layers = new Layers(100);
    let value = 'image';
    let channels = 3;
    for (const wider of STAGES) {
      value = convolution(layers, value, channels, wider, 2);
      channels = wider;
      // The first stages are left thin: their planes are large.
      if (channels >= 128) value = residual(layers, value, channels);
    }
    const pooled = layers.node('Flatten', [layers.node('GlobalAveragePool', [value])]);
    layers.node('Gemm', [pooled, layers.weight([channels, CLASSES], channels), layers.filled(CLASSES, 0)]);
    layers.finish('logits');
    return {
      graph: {
        nodes: layers.nodes,
        initializers: layers.initializers,
        inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, SIDE, SIDE] }],
        outputs: [{ name: 'logits', datatype: 'FP32', shape: [1, CLASSES] }],
      },
    };
  },
  elements: (seed) => seededNumbers(3 * SIDE * SIDE, seed),
};

/** 3×3 convolution and ReLU. */
function convolution(layers: Layers, value: string, from: number, to: number, stride: number): string {
  return layers.node('Relu', [convolve(layers, value, from, to, stride)]);
}

function residual(layers: Layers, value: string, channels: number): string {
  const inner = convolution(layers, value, channels, channels, 1);
  return layers.node('Relu', [layers.node('Add', [value, convolve(layers, inner, channels, channels, 1)])]);
}

function convolve(layers: Layers, value: string, from: number, to: number, stride: number): string {
  return layers.node('Conv', [value, layers.weight([to, from, 3, 3], from * 9), layers.filled(to, 0)], {
    kernel_shape: { ints: [3, 3] },
    pads: { ints: [1, 1, 1, 1] },
    strides: { ints: [stride, stride] },
  });
}

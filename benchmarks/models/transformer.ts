import { floatTensor, integerTensor } from '../../src/adapters/onnx/model-file/model-spec.ts';
import type { BenchmarkModel } from './benchmark-model.ts';
import { Layers } from './layers.ts';
import { seededNumbers } from './seeded.ts';

const TOKENS = 256;
const VOCABULARY = 4096;
const WIDTH = 384;
const HEADS = 12;
const INNER = 1536;
const DEPTH = 6;
const CLASSES = 8;

/** A text encoder of the size of MiniLM-L6 with a classifier on the mean of its tokens. Batchable. */
export const TRANSFORMER: BenchmarkModel = {
  id: 'transformer',
  title: `transformer encoder, ${DEPTH} layers of ${WIDTH}, ${TOKENS} tokens`,
  input: { name: 'tokens', datatype: 'INT64', shape: [1, TOKENS] },
  isBatchable: true,
  build: () => {
    const layers = new Layers(1000);
    const embedded = layers.node('Gather', [layers.weight([VOCABULARY, WIDTH], 6), 'tokens']);
    let value = normalize(layers, layers.node('Add', [embedded, layers.weight([TOKENS, WIDTH], 6)]));
    // Zero keeps the dimension, so that the batch stays free.
    layers.add(integerTensor('split_heads', [4], [0, 0, HEADS, WIDTH / HEADS]));
    layers.add(integerTensor('join_heads', [3], [0, 0, WIDTH]));
    layers.add(floatTensor('scale', [1], [(WIDTH / HEADS) ** -0.5]));
    for (let depth = 0; depth < DEPTH; depth += 1) {
      value = normalize(layers, layers.node('Add', [value, attention(layers, value)]));
      const inner = layers.node('Gelu', [dense(layers, value, WIDTH, INNER)]);
      value = normalize(layers, layers.node('Add', [value, dense(layers, inner, INNER, WIDTH)]));
    }
    const mean = layers.node('ReduceMean', [value, layers.add(integerTensor('token_axis', [1], [1]))], {
      keepdims: { int: 0 },
    });
    dense(layers, mean, WIDTH, CLASSES);
    layers.finish('logits');
    return {
      graph: {
        nodes: layers.nodes,
        initializers: layers.initializers,
        inputs: [{ name: 'tokens', datatype: 'INT64', shape: ['batch', TOKENS] }],
        outputs: [{ name: 'logits', datatype: 'FP32', shape: ['batch', CLASSES] }],
      },
    };
  },
  elements: (seed) =>
    BigInt64Array.from(seededNumbers(TOKENS, seed), (value) => BigInt(Math.floor(((value + 1) / 2) * VOCABULARY))),
};

function attention(layers: Layers, value: string): string {
  const heads = (order: readonly number[]): string =>
    layers.node('Transpose', [layers.node('Reshape', [dense(layers, value, WIDTH, WIDTH), 'split_heads'])], {
      perm: { ints: order },
    });
  const query = heads([0, 2, 1, 3]);
  const key = heads([0, 2, 3, 1]);
  const values = heads([0, 2, 1, 3]);
  const scores = layers.node('Mul', [layers.node('MatMul', [query, key]), 'scale']);
  const mixed = layers.node('MatMul', [layers.node('Softmax', [scores], { axis: { int: -1 } }), values]);
  const joined = layers.node('Reshape', [
    layers.node('Transpose', [mixed], { perm: { ints: [0, 2, 1, 3] } }),
    'join_heads',
  ]);
  return dense(layers, joined, WIDTH, WIDTH);
}

function dense(layers: Layers, value: string, from: number, to: number): string {
  return layers.node('Add', [layers.node('MatMul', [value, layers.weight([from, to], from)]), layers.filled(to, 0)]);
}

function normalize(layers: Layers, value: string): string {
  return layers.node('LayerNormalization', [value, layers.filled(WIDTH, 1), layers.filled(WIDTH, 0)]);
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  floatTensor,
  type GraphSpec,
  integerTensor,
  type ModelSpec,
  type NodeSpec,
} from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { DATATYPES, type Datatype } from '../../../src/core/tensor/datatype.ts';
import { seededFloats } from './seeded.ts';

/** Data types that onnxruntime-node can feed and read: all but BF16. */
export const SERVABLE_DATATYPES: readonly Datatype[] = DATATYPES.filter((datatype) => datatype !== 'BF16');

/** `y = x + 1`; FP32 [−1, 3], batchable. */
export function addOne(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [{ op: 'Add', inputs: ['x', 'one'], outputs: ['y'] }],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
      initializers: [floatTensor('one', [1], [1])],
    },
  });
}

/** `y = x` of any servable data type; −1 is a free dimension. */
export function identity(datatype: Datatype, shape: readonly number[] = [-1, 2]): Uint8Array {
  return modelProto({
    graph: {
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', datatype, shape }],
      outputs: [{ name: 'y', datatype, shape }],
    },
  });
}

/** `y = x`, strings [−1]. */
export function bytesIdentity(): Uint8Array {
  return identity('BYTES', [-1]);
}

/** The graph of `mlp`: two Gemms with a Relu between, `x` FP32 [−1, inputs] to `y` FP32 [−1, outputs]. */
export function mlpGraph(inputs: number, hidden: number, outputs: number, seed: number): GraphSpec {
  return {
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['h'] },
      { op: 'Relu', inputs: ['h'], outputs: ['r'] },
      { op: 'Gemm', inputs: ['r', 'w2', 'b2'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', inputs] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', outputs] }],
    initializers: [
      floatTensor('w1', [inputs, hidden], seededFloats(inputs * hidden, seed, inputs ** -0.5)),
      floatTensor('b1', [hidden], seededFloats(hidden, seed + 1, 0.1)),
      floatTensor('w2', [hidden, outputs], seededFloats(hidden * outputs, seed + 2, hidden ** -0.5)),
      floatTensor('b2', [outputs], seededFloats(outputs, seed + 3, 0.1)),
    ],
  };
}

/** A network of one hidden layer; batchable. */
export function mlp(inputs = 4, hidden = 8, outputs = 3, seed = 1): Uint8Array {
  return modelProto({ graph: mlpGraph(inputs, hidden, outputs, seed) });
}

/** One matrix of about `weightBytes`: `x` FP32 [−1, 1024] to `y` FP32 [−1, 1], the mean of `x · w`. Batchable. */
export function bigMlp(weightBytes: number): Uint8Array {
  const columns = Math.max(1, Math.round(weightBytes / 4 / 1024));
  return modelProto({
    graph: {
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'ReduceMean', inputs: ['h', 'last'], outputs: ['y'], attributes: { keepdims: { int: 1 } } },
      ],
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', 1024] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', 1] }],
      initializers: [
        floatTensor('w', [1024, columns], seededFloats(1024 * columns, 7, 0.03)),
        integerTensor('last', [1], [1]),
      ],
    },
  });
}

/** `y = x` as FP32 where every element of `x` (INT64 [−1]) is ≥ 0; with a negative one onnxruntime throws. Batchable. */
export function failsOnNegative(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [
        { op: 'Less', inputs: ['x', 'zero'], outputs: ['negative'] },
        { op: 'Where', inputs: ['negative', 'outside', 'zero'], outputs: ['index'] },
        // The table has one row, so `outside` is out of range: Gather checks its indices when it runs.
        { op: 'Gather', inputs: ['table', 'index'], outputs: ['nought'] },
        { op: 'Cast', inputs: ['x'], outputs: ['float'], attributes: { to: { int: 1 } } },
        { op: 'Add', inputs: ['float', 'nought'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch'] }],
      initializers: [
        integerTensor('zero', [1], [0]),
        integerTensor('outside', [1], [1000]),
        floatTensor('table', [1], [0]),
      ],
    },
  });
}

/**
 * `y = x` as FP32 where every element of `x` (INT64 [−1]) is ≥ 0; a negative one kills the process. Batchable.
 * The quotient of the smallest INT64 and −1 does not fit: x86 processors trap (SIGFPE), and onnxruntime looks out for
 * zero only. ARM gives a number instead, and the process lives.
 */
export function crashesOnNegative(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [
        { op: 'Less', inputs: ['x', 'zero'], outputs: ['negative'] },
        { op: 'Where', inputs: ['negative', 'minus_one', 'one'], outputs: ['divisor'] },
        { op: 'Div', inputs: ['smallest', 'divisor'], outputs: ['quotient'] },
        { op: 'Mul', inputs: ['quotient', 'zero'], outputs: ['nought'] },
        { op: 'Add', inputs: ['x', 'nought'], outputs: ['sum'] },
        { op: 'Cast', inputs: ['sum'], outputs: ['y'], attributes: { to: { int: 1 } } },
      ],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch'] }],
      initializers: [
        integerTensor('zero', [1], [0]),
        integerTensor('one', [1], [1]),
        integerTensor('minus_one', [1], [-1]),
        integerTensor('smallest', [1], [-(2n ** 63n)]),
      ],
    },
  });
}

const largest: NodeSpec = {
  op: 'ReduceMax',
  inputs: ['x'],
  outputs: ['largest'],
  attributes: { keepdims: { int: 0 } },
};

/**
 * `y = x` as FP32, after a loop of max(x) products of two 256 × 256 matrices: about a millisecond each on one core.
 * `x` is INT64 [−1]. Batchable; a batch takes as long as its slowest request.
 */
export function slow(): Uint8Array {
  const body: GraphSpec = {
    name: 'body',
    nodes: [
      { op: 'Identity', inputs: ['go_on'], outputs: ['go_on_out'] },
      { op: 'MatMul', inputs: ['state', 'factor'], outputs: ['state_out'] },
    ],
    inputs: [
      { name: 'iteration', datatype: 'INT64', shape: [] },
      { name: 'go_on', datatype: 'BOOL', shape: [] },
      { name: 'state', datatype: 'FP32', shape: [256, 256] },
    ],
    outputs: [
      { name: 'go_on_out', datatype: 'BOOL', shape: [] },
      { name: 'state_out', datatype: 'FP32', shape: [256, 256] },
    ],
  };
  return modelProto({
    graph: {
      nodes: [
        largest,
        { op: 'Loop', inputs: ['largest', '', 'start'], outputs: ['end'], attributes: { body: { graph: body } } },
        { op: 'ReduceMax', inputs: ['end'], outputs: ['nought'], attributes: { keepdims: { int: 0 } } },
        { op: 'Cast', inputs: ['x'], outputs: ['float'], attributes: { to: { int: 1 } } },
        { op: 'Add', inputs: ['float', 'nought'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch'] }],
      initializers: [
        floatTensor('start', [256, 256], new Float32Array(65_536)),
        floatTensor('factor', [256, 256], seededFloats(65_536, 3)),
      ],
    },
  });
}

/** `y = x` as FP32, after filling max(x) MiB with ones. `x` is INT64 [−1]. Batchable. */
export function memoryHog(): Uint8Array {
  return modelProto({
    graph: {
      nodes: [
        { ...largest, attributes: { keepdims: { int: 1 } } },
        { op: 'Mul', inputs: ['largest', 'floats_per_mib'], outputs: ['count'] },
        {
          op: 'ConstantOfShape',
          inputs: ['count'],
          outputs: ['ones'],
          attributes: { value: { tensor: floatTensor('one', [1], [1]) } },
        },
        { op: 'ReduceMin', inputs: ['ones'], outputs: ['one'], attributes: { keepdims: { int: 0 } } },
        { op: 'Cast', inputs: ['x'], outputs: ['float'], attributes: { to: { int: 1 } } },
        { op: 'Mul', inputs: ['float', 'one'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch'] }],
      initializers: [integerTensor('floats_per_mib', [1], [262_144])],
    },
  });
}

/** `y[i] = Σ a[i] + Σ b[i]`: `a` FP32 [−1, 3], `b` FP32 [−1, 5], `y` FP32 [−1]. Batchable. */
export function twoInputsDifferentDims(): Uint8Array {
  const rowSum = (input: string, output: string): NodeSpec => ({
    op: 'ReduceSum',
    inputs: [input, 'last'],
    outputs: [output],
    attributes: { keepdims: { int: 0 } },
  });
  return modelProto({
    graph: {
      nodes: [rowSum('a', 'sum_a'), rowSum('b', 'sum_b'), { op: 'Add', inputs: ['sum_a', 'sum_b'], outputs: ['y'] }],
      inputs: [
        { name: 'a', datatype: 'FP32', shape: ['batch', 3] },
        { name: 'b', datatype: 'FP32', shape: ['batch', 5] },
      ],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch'] }],
      initializers: [integerTensor('last', [1], [1])],
    },
  });
}

export const ZIPMAP_LABELS = ['setosa', 'versicolor', 'virginica'] as const;

/**
 * A classifier as skl2onnx writes it: `float_input` FP32 [−1, 4], `output_label` BYTES [−1], and
 * `output_probability`, which a ZipMap turns from FP32 [−1, 3] into a sequence of maps that nobody can read.
 */
export function zipmapSpec(): ModelSpec {
  const domain = 'ai.onnx.ml';
  return {
    opsets: { '': 17, [domain]: 1 },
    irVersion: 8,
    producer: 'skl2onnx',
    producerVersion: '1.17.0',
    graph: {
      nodes: [
        {
          op: 'LinearClassifier',
          domain,
          inputs: ['float_input'],
          outputs: ['label', 'probability_tensor'],
          attributes: {
            classlabels_strings: { strings: ZIPMAP_LABELS },
            coefficients: { floats: seededFloats(12, 11) },
            intercepts: { floats: [0.1, 0, -0.1] },
            multi_class: { int: 1 },
            post_transform: { string: 'SOFTMAX' },
          },
        },
        { op: 'Identity', inputs: ['label'], outputs: ['output_label'] },
        {
          op: 'ZipMap',
          domain,
          name: 'ZipMap',
          inputs: ['probability_tensor'],
          outputs: ['output_probability'],
          attributes: { classlabels_strings: { strings: ZIPMAP_LABELS } },
        },
      ],
      inputs: [{ name: 'float_input', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [
        { name: 'output_label', datatype: 'BYTES', shape: [-1] },
        { name: 'output_probability', sequenceOfMaps: { key: 'BYTES', value: 'FP32' } },
      ],
    },
  };
}

/** The bytes of `zipmapSpec`. */
export function zipmapClassifier(): Uint8Array {
  return modelProto(zipmapSpec());
}

/** Writes `mlp()` with its weights in `weights.bin` beside `model.onnx` into `dir`; gives the path of the latter. */
export function withExternalData(dir: string): string {
  const { initializers = [], ...graph } = mlpGraph(4, 8, 3, 1);
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const external = initializers.map((tensor) => {
    if (!('data' in tensor) || !ArrayBuffer.isView(tensor.data)) throw new Error('mlpGraph has numbers only');
    const { name, datatype, shape, data } = tensor;
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const place = { location: 'weights.bin', offset, length: data.byteLength };
    offset += data.byteLength;
    return { name, datatype, shape, external: place };
  });
  writeFileSync(join(dir, 'weights.bin'), Buffer.concat(chunks));
  const path = join(dir, 'model.onnx');
  writeFileSync(path, modelProto({ graph: { ...graph, initializers: external } }));
  return path;
}

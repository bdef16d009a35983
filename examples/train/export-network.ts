import {
  type GraphSpec,
  type InitializerSpec,
  type NodeSpec,
  stringTensor,
  type ValueSpec,
} from '../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../src/adapters/onnx/model-file/writer.ts';
import type { Layer } from './layers.ts';

export interface Exported {
  readonly input: ValueSpec;
  /** Operators between the input and the network, and what they give; none: the network takes the input. */
  readonly front?: { readonly nodes: readonly NodeSpec[]; readonly output: string };
  readonly network: readonly Layer[];
  readonly labels: readonly string[];
  readonly opsets?: Readonly<Record<string, number>>;
}

/**
 * A classifier as ONNX: the network, then `probabilities` (the softmax of its scores, FP32 [−1, classes]) and `label`
 * (the name of the most probable class, BYTES [−1]).
 */
export function exportClassifier({ input, front, network, labels, opsets }: Exported): Uint8Array {
  const nodes: NodeSpec[] = [...(front?.nodes ?? [])];
  const initializers: InitializerSpec[] = [];
  let value = front?.output ?? input.name;
  for (const [index, layer] of network.entries()) {
    const output = index === network.length - 1 ? 'scores' : `layer${index + 1}`;
    const graph = layer.toGraph(value, output);
    nodes.push(...graph.nodes);
    initializers.push(...graph.initializers);
    value = output;
  }
  const graph: GraphSpec = {
    nodes: [
      ...nodes,
      { op: 'Softmax', inputs: ['scores'], outputs: ['probabilities'], attributes: { axis: { int: 1 } } },
      {
        op: 'ArgMax',
        inputs: ['scores'],
        outputs: ['best'],
        attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
      },
      { op: 'Gather', inputs: ['class_names', 'best'], outputs: ['label'] },
    ],
    initializers: [...initializers, stringTensor('class_names', labels)],
    inputs: [input],
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: ['batch'] },
      { name: 'probabilities', datatype: 'FP32', shape: ['batch', labels.length] },
    ],
  };
  return modelProto({ graph, producer: 'echoserve-examples', ...(opsets === undefined ? {} : { opsets }) });
}

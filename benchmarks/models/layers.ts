import { type AttributeSpec, floatTensor, type NodeSpec } from '../../src/adapters/onnx/model-file/model-spec.ts';
import type { Tensor } from '../../src/core/tensor/datatype.ts';
import { elementCount } from './benchmark-model.ts';
import { seededNumbers } from './seeded.ts';

/** Nodes and weights of a graph, in the order in which they are added. Every weight has a seed of its own. */
export class Layers {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: Tensor[] = [];
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds a node with one output, and gives that output's name. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeSpec>> = {}): string {
    const output = `${op.toLowerCase()}_${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }

  /** A weight whose products with `fanIn` unit inputs keep their variance (He et al. 2015, uniform). */
  weight(shape: readonly number[], fanIn: number): string {
    this.#seed += 1;
    return this.constant(shape, seededNumbers(elementCount(shape), this.#seed, Math.sqrt(6 / fanIn)));
  }

  /** A vector of the same number throughout: biases, and the scales of normalizations. */
  filled(length: number, value: number): string {
    return this.constant([length], new Float32Array(length).fill(value));
  }

  constant(shape: readonly number[], values: Float32Array): string {
    return this.add(floatTensor(`weight_${this.initializers.length}`, shape, values));
  }

  add(tensor: Tensor): string {
    this.initializers.push(tensor);
    return tensor.name;
  }

  /** Renames the last node's output to the graph's output. */
  finish(output: string): void {
    const last = this.nodes.pop();
    if (last === undefined) throw new Error('a graph needs a node');
    this.nodes.push({ ...last, outputs: [output] });
  }
}

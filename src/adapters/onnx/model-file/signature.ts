import { type ModelSignature, namedDimensions, type TensorSpec } from '../../../core/model/signature.ts';
import { ELEMENT_TYPES } from './element-type.ts';
import type { GraphStructure } from './model-structure.ts';
import { unloadable } from './unloadable.ts';
import type { GraphValue } from './value-type.ts';
import type { ZipMapNode } from './zip-map.ts';

/** A graph output that is a sequence of maps, and the ZipMap that makes it one. */
export interface ZippedOutput {
  readonly output: GraphValue;
  readonly zipMap: ZipMapNode;
}

/** The outputs of a graph for which the input of their ZipMap can be served. */
export function zippedOutputs(graph: GraphStructure): ZippedOutput[] {
  return graph.outputs.flatMap((output) => {
    const zipMap = graph.zipMaps.find((node) => node.output === output.name);
    return zipMap === undefined || output.type.kind === 'tensor' ? [] : [{ output, zipMap }];
  });
}

/** What a ZipMap's output is once it is served as a tensor. */
export function unzippedSpec({ output, zipMap }: ZippedOutput): TensorSpec {
  return { name: output.name, datatype: 'FP32', shape: [-1, zipMap.labels.length || -1] };
}

/**
 * What a graph takes and gives when it is served.
 * @throws AppError `model_unloadable` naming the input or output that can not be served
 */
export function signatureOf(graph: GraphStructure): ModelSignature {
  const zipped = zippedOutputs(graph);
  const inputs = graph.inputs
    .filter((input) => !graph.initializers.has(input.name))
    .map((input) => {
      if (input.type.kind === 'tensor' && input.type.shape === undefined) {
        throw unloadable(`Input "${input.name}" can not be served: the model does not say how many dimensions it has.`);
      }
      return tensorSpec('Input', input);
    });
  const outputs = graph.outputs.map((output) => {
    const found = zipped.find((candidate) => candidate.output === output);
    return found === undefined ? tensorSpec('Output', output) : unzippedSpec(found);
  });
  if (inputs.length === 0) throw unloadable('The model has no inputs: there is nothing that a request could give it.');
  if (outputs.length === 0) throw unloadable('The model has no outputs: there is nothing that it could answer.');
  return { inputs, outputs };
}

function tensorSpec(role: 'Input' | 'Output', value: GraphValue): TensorSpec {
  const { name, type } = value;
  if (type.kind !== 'tensor') throw unloadable(`${role} "${name}" can not be served: it is a ${type.kind}, no tensor.`);
  const element = ELEMENT_TYPES.get(type.typeCode);
  if (element?.datatype === undefined) {
    const given = element === undefined ? `the unknown data type ${type.typeCode}` : `data type ${element.name}`;
    throw unloadable(`${role} "${name}" can not be served: it has ${given}, which is none of the protocol's.`);
  }
  const dimensions = type.shape ?? [];
  return {
    name,
    datatype: element.datatype,
    shape: dimensions.map(({ size }) => size),
    ...namedDimensions(dimensions.map((dimension) => dimension.name)),
  };
}

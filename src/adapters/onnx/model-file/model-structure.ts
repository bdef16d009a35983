import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, OPSET, SPARSE_TENSOR } from './onnx-fields.ts';
import type { PositionalFile } from './positional-file.ts';
import { type ExternalReference, readTensor, type StoredTensor } from './stored-tensor.ts';
import { malformed, unloadable } from './unloadable.ts';
import { type GraphValue, readValue } from './value-type.ts';
import { type Field, fields, fieldsOf, integerOf, type Span, textOf } from './wire-reader.ts';
import { isZipMap, readZipMap, type ZipMapNode } from './zip-map.ts';

/** Everything that is stored as a tensor in a model, inside and outside of its file. */
export interface StoredWeights {
  parameterCount: number;
  readonly bytesByDatatype: Map<string, number>;
  readonly external: ExternalReference[];
}

export interface GraphStructure {
  /** From its tag to its end, and where its message begins. */
  readonly span: Span & { readonly bodyStart: number };
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Names of initializers: an input of such a name has a default, and is none that a request must give. */
  readonly initializers: ReadonlySet<string>;
  readonly zipMaps: readonly ZipMapNode[];
}

export interface ModelStructure {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: GraphStructure;
  readonly weights: StoredWeights;
}

/** Subgraphs (bodies of If, Loop, Scan) inside subgraphs; nobody's model comes near it. */
const MAX_DEPTH = 32;

/**
 * Reads what a model file says of itself, stepping over the elements of its tensors.
 * @throws AppError `model_unloadable` with the reason
 */
export function readModelStructure(file: PositionalFile): ModelStructure {
  if (file.size === 0) throw unloadable('The model file is empty.');
  const weights: StoredWeights = { parameterCount: 0, bytesByDatatype: new Map(), external: [] };
  const opsets = new Map<string, number>();
  let irVersion = 0;
  let producerName = '';
  let producerVersion = '';
  let graph: GraphStructure | undefined;
  for (const field of fields(file, { start: 0, end: file.size })) {
    if (field.number === MODEL.irVersion) irVersion = integerOf(file, field);
    else if (field.number === MODEL.producerName) producerName = textOf(file, field);
    else if (field.number === MODEL.producerVersion) producerVersion = textOf(file, field);
    else if (field.number === MODEL.opsetImport) opsets.set(...readOpset(file, field));
    else if (field.number === MODEL.functions) scanFunction(file, field, weights);
    else if (field.number === MODEL.graph) {
      if (graph !== undefined) throw malformed('there is a second graph', field.tagStart);
      graph = readGraph(file, field, weights);
    }
  }
  if (graph === undefined) throw unloadable('This is no ONNX model: the file has no graph.');
  const producer = `${producerName} ${producerVersion}`.trim();
  return { irVersion, producer, opsets: Object.fromEntries(opsets), graph, weights };
}

function readOpset(file: PositionalFile, opset: Field): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  for (const field of fieldsOf(file, opset)) {
    if (field.number === OPSET.domain) domain = textOf(file, field);
    else if (field.number === OPSET.version) version = integerOf(file, field);
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}

function readGraph(file: PositionalFile, graph: Field, weights: StoredWeights): GraphStructure {
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  const initializers = new Set<string>();
  const zipMaps: ZipMapNode[] = [];
  for (const field of fieldsOf(file, graph)) {
    if (field.number === GRAPH.input) inputs.push(readValue(file, field));
    else if (field.number === GRAPH.output) outputs.push(readValue(file, field));
    else if (field.number === GRAPH.initializer) initializers.add(addTensor(file, field, weights));
    else if (field.number === GRAPH.sparseInitializer) initializers.add(addSparseTensor(file, field, weights));
    else if (field.number === GRAPH.node) {
      scanNode(file, field, weights, 0);
      if (isZipMap(file, field)) zipMaps.push(readZipMap(file, field));
    }
  }
  const span = { start: graph.tagStart, bodyStart: graph.start, end: graph.end };
  return { span, inputs, outputs, initializers, zipMaps };
}

/** Adds up the constants in a node's attributes, and the weights in its subgraphs. */
function scanNode(file: PositionalFile, node: Field, weights: StoredWeights, depth: number): void {
  for (const field of fieldsOf(file, node)) {
    if (field.number === NODE.attribute) scanAttribute(file, field, weights, depth);
  }
}

function scanAttribute(file: PositionalFile, attribute: Field, weights: StoredWeights, depth: number): void {
  for (const field of fieldsOf(file, attribute)) {
    if (field.number === ATTRIBUTE.tensor || field.number === ATTRIBUTE.tensors) addTensor(file, field, weights);
    else if (field.number === ATTRIBUTE.sparseTensor || field.number === ATTRIBUTE.sparseTensors) {
      addSparseTensor(file, field, weights);
    } else if (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs) {
      scanSubgraph(file, field, weights, depth + 1);
    }
  }
}

function scanSubgraph(file: PositionalFile, graph: Field, weights: StoredWeights, depth: number): void {
  if (depth > MAX_DEPTH) throw unloadable(`The model nests graphs deeper than ${MAX_DEPTH} levels.`);
  for (const field of fieldsOf(file, graph)) {
    if (field.number === GRAPH.node) scanNode(file, field, weights, depth);
    else if (field.number === GRAPH.initializer) addTensor(file, field, weights);
    else if (field.number === GRAPH.sparseInitializer) addSparseTensor(file, field, weights);
  }
}

function scanFunction(file: PositionalFile, definition: Field, weights: StoredWeights): void {
  for (const field of fieldsOf(file, definition)) {
    if (field.number === FUNCTION.node) scanNode(file, field, weights, 0);
    else if (field.number === FUNCTION.attributeProto) scanAttribute(file, field, weights, 0);
  }
}

function addTensor(file: PositionalFile, field: Field, weights: StoredWeights): string {
  const tensor = readTensor(file, field);
  weights.parameterCount += tensor.elements;
  addStorage(tensor, weights);
  return tensor.name;
}

/** Its values are parameters, its indices only take up room. It bears the name of its values. */
function addSparseTensor(file: PositionalFile, sparse: Field, weights: StoredWeights): string {
  let name = '';
  for (const field of fieldsOf(file, sparse)) {
    if (field.number === SPARSE_TENSOR.values) name = addTensor(file, field, weights);
    else if (field.number === SPARSE_TENSOR.indices) addStorage(readTensor(file, field), weights);
  }
  return name;
}

function addStorage(tensor: StoredTensor, weights: StoredWeights): void {
  const { bytesByDatatype } = weights;
  bytesByDatatype.set(tensor.type.name, (bytesByDatatype.get(tensor.type.name) ?? 0) + tensor.bytes);
  if (tensor.external !== undefined) weights.external.push(tensor.external);
}

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { TensorData } from '../../../core/tensor/datatype.ts';
import { DATATYPE_CODES } from './element-type.ts';
import type {
  AttributeSpec,
  DimensionSpec,
  ExternalTensor,
  GraphSpec,
  InitializerSpec,
  ModelSpec,
  NodeSpec,
  ValueSpec,
} from './model-spec.ts';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  EXTERNAL_LOCATION,
  GRAPH,
  MAP_TYPE,
  MODEL,
  NODE,
  OPSET,
  SEQUENCE_TYPE,
  SHAPE,
  STRING_ENTRY,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './onnx-fields.ts';

/** IR version 10 came with opset 21: the pair that a model gets which asks for nothing else. */
const DEFAULT_IR_VERSION = 10;
const DEFAULT_OPSETS = { '': 21 };

/** The bytes of an .onnx file. Nothing is checked: onnxruntime judges the model when it is loaded. */
export function modelProto(spec: ModelSpec): Uint8Array {
  const writer = new BinaryWriter();
  integer(writer, MODEL.irVersion, spec.irVersion ?? DEFAULT_IR_VERSION);
  text(writer, MODEL.producerName, spec.producer ?? 'echoserve');
  if (spec.producerVersion !== undefined) text(writer, MODEL.producerVersion, spec.producerVersion);
  message(writer, MODEL.graph, () => writeGraph(writer, spec.graph));
  for (const [domain, version] of Object.entries(spec.opsets ?? DEFAULT_OPSETS)) {
    message(writer, MODEL.opsetImport, () => {
      text(writer, OPSET.domain, domain);
      integer(writer, OPSET.version, version);
    });
  }
  return writer.finish();
}

/** A NodeProto alone, as `rewriteForServing` puts one in place of another. */
export function nodeProto(node: NodeSpec): Uint8Array {
  const writer = new BinaryWriter();
  writeNode(writer, node);
  return writer.finish();
}

/** The fields of a TensorProto that say in which other file its elements are. */
export function externalPlace(place: ExternalTensor['external']): Uint8Array {
  const writer = new BinaryWriter();
  for (const [key, value] of Object.entries(place)) {
    message(writer, TENSOR.externalData, () => {
      text(writer, STRING_ENTRY.key, key);
      text(writer, STRING_ENTRY.value, String(value));
    });
  }
  integer(writer, TENSOR.dataLocation, EXTERNAL_LOCATION);
  return writer.finish();
}

/** A ValueInfoProto alone. */
export function valueInfoProto(value: ValueSpec): Uint8Array {
  const writer = new BinaryWriter();
  writeValue(writer, value);
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: GraphSpec): void {
  for (const node of graph.nodes) message(writer, GRAPH.node, () => writeNode(writer, node));
  text(writer, GRAPH.name, graph.name ?? 'graph');
  for (const tensor of graph.initializers ?? []) {
    message(writer, GRAPH.initializer, () => writeTensor(writer, tensor));
  }
  for (const input of graph.inputs) message(writer, GRAPH.input, () => writeValue(writer, input));
  for (const output of graph.outputs) message(writer, GRAPH.output, () => writeValue(writer, output));
}

function writeNode(writer: BinaryWriter, node: NodeSpec): void {
  for (const input of node.inputs) text(writer, NODE.input, input);
  for (const output of node.outputs) text(writer, NODE.output, output);
  if (node.name !== undefined) text(writer, NODE.name, node.name);
  text(writer, NODE.opType, node.op);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    message(writer, NODE.attribute, () => {
      text(writer, ATTRIBUTE.name, name);
      writeAttributeValue(writer, attribute);
    });
  }
  if (node.domain !== undefined) text(writer, NODE.domain, node.domain);
}

function writeAttributeValue(writer: BinaryWriter, attribute: AttributeSpec): void {
  const ofType = (kind: keyof typeof ATTRIBUTE_TYPE): void => integer(writer, ATTRIBUTE.type, ATTRIBUTE_TYPE[kind]);
  if ('int' in attribute) {
    integer(writer, ATTRIBUTE.int, attribute.int);
    ofType('int');
  } else if ('float' in attribute) {
    writer.tag(ATTRIBUTE.float, WireType.Bit32).float(attribute.float);
    ofType('float');
  } else if ('string' in attribute) {
    text(writer, ATTRIBUTE.string, attribute.string);
    ofType('string');
  } else if ('ints' in attribute) {
    for (const value of attribute.ints) integer(writer, ATTRIBUTE.ints, value);
    ofType('ints');
  } else if ('floats' in attribute) {
    for (const value of Array.from(attribute.floats)) writer.tag(ATTRIBUTE.floats, WireType.Bit32).float(value);
    ofType('floats');
  } else if ('strings' in attribute) {
    for (const value of attribute.strings) text(writer, ATTRIBUTE.strings, value);
    ofType('strings');
  } else if ('tensor' in attribute) {
    message(writer, ATTRIBUTE.tensor, () => writeTensor(writer, attribute.tensor));
    ofType('tensor');
  } else {
    message(writer, ATTRIBUTE.graph, () => writeGraph(writer, attribute.graph));
    ofType('graph');
  }
}

function writeTensor(writer: BinaryWriter, tensor: InitializerSpec): void {
  for (const dim of tensor.shape) integer(writer, TENSOR.dims, dim);
  integer(writer, TENSOR.dataType, DATATYPE_CODES[tensor.datatype]);
  text(writer, TENSOR.name, tensor.name);
  if ('data' in tensor) {
    writeElements(writer, tensor.data);
    return;
  }
  writer.raw(externalPlace(tensor.external));
}

/** Numbers go into `raw_data`, which is little-endian like every machine that onnxruntime-node runs on. */
function writeElements(writer: BinaryWriter, data: TensorData): void {
  if (ArrayBuffer.isView(data)) {
    writer.tag(TENSOR.rawData, WireType.LengthDelimited);
    writer.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } else {
    for (const element of data) text(writer, TENSOR.stringData, element);
  }
}

function writeValue(writer: BinaryWriter, value: ValueSpec): void {
  text(writer, VALUE_INFO.name, value.name);
  message(writer, VALUE_INFO.type, () => {
    if ('sequenceOfMaps' in value) {
      const { key, value: score } = value.sequenceOfMaps;
      message(writer, TYPE.sequence, () =>
        message(writer, SEQUENCE_TYPE.elementType, () =>
          message(writer, TYPE.map, () => {
            integer(writer, MAP_TYPE.keyType, DATATYPE_CODES[key]);
            message(writer, MAP_TYPE.valueType, () =>
              message(writer, TYPE.tensor, () => integer(writer, TENSOR_TYPE.elementType, DATATYPE_CODES[score])),
            );
          }),
        ),
      );
      return;
    }
    message(writer, TYPE.tensor, () => {
      integer(writer, TENSOR_TYPE.elementType, DATATYPE_CODES[value.datatype]);
      message(writer, TENSOR_TYPE.shape, () => {
        for (const dim of value.shape) message(writer, SHAPE.dim, () => writeDimension(writer, dim));
      });
    });
  });
}

function writeDimension(writer: BinaryWriter, dim: DimensionSpec): void {
  if (typeof dim === 'string') text(writer, DIMENSION.parameter, dim);
  else if (dim >= 0) integer(writer, DIMENSION.value, dim);
}

function integer(writer: BinaryWriter, field: number, value: number | bigint): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

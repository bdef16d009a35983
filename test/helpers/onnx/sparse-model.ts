import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GRAPH, MODEL, OPSET, TENSOR } from '../../../src/adapters/onnx/model-file/onnx-fields.ts';
import { nodeProto, valueInfoProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const delimited = (field: number, message: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(message).finish();

/** An FP32 initializer up to where its elements begin. */
export function tensorHead(payloadField: number, payloadBytes: number): Uint8Array {
  const head = new BinaryWriter().tag(TENSOR.dims, WireType.Varint).int64(payloadBytes / 4);
  head.tag(TENSOR.dataType, WireType.Varint).int64(1);
  head.tag(TENSOR.name, WireType.LengthDelimited).string('w');
  const fields = head.tag(payloadField, WireType.LengthDelimited).uint32(payloadBytes).finish();
  const outer = new BinaryWriter().tag(GRAPH.initializer, WireType.LengthDelimited);
  return Buffer.concat([outer.uint32(fields.length + payloadBytes).finish(), fields]);
}

/** A model of `count` tensors, each of `payloadBytes` in a hole of a sparse file. */
export function sparseModel(count: number, payloadBytes: number, payloadField: number = TENSOR.rawData): string {
  const path = `${temporaryDirectory()}/model.onnx`;
  const head = tensorHead(payloadField, payloadBytes);
  const tail = Buffer.concat([
    delimited(GRAPH.node, nodeProto({ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] })),
    delimited(GRAPH.input, valueInfoProto({ name: 'x', datatype: 'FP32', shape: [-1, 1024] })),
    delimited(GRAPH.output, valueInfoProto({ name: 'y', datatype: 'FP32', shape: [-1, 'n'] })),
  ]);
  const graphBytes = count * (head.length + payloadBytes) + tail.length;
  const start = new BinaryWriter().tag(MODEL.irVersion, WireType.Varint).int64(10);
  const opset = delimited(MODEL.opsetImport, new BinaryWriter().tag(OPSET.version, WireType.Varint).int64(21).finish());
  const fd = openSync(path, 'w');
  let position = 0;
  const put = (bytes: Uint8Array) => {
    position += writeSync(fd, bytes, 0, bytes.length, position);
  };
  put(start.tag(MODEL.graph, WireType.LengthDelimited).uint32(graphBytes).finish());
  for (let i = 0; i < count; i += 1) {
    put(head);
    position += payloadBytes;
  }
  put(tail);
  put(opset);
  ftruncateSync(fd, position);
  closeSync(fd);
  return path;
}

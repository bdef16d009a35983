import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { readModelStructure } from '../../../src/adapters/onnx/model-file/model-structure.ts';
import { GRAPH, MODEL, OPSET, TENSOR } from '../../../src/adapters/onnx/model-file/onnx-fields.ts';
import { PositionalFile } from '../../../src/adapters/onnx/model-file/positional-file.ts';
import { nodeProto, valueInfoProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

const GIB = 2 ** 30;

const delimited = (field: number, message: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(message).finish();

/** A tensor up to where its elements begin, which are not written: the file has a hole there. */
function tensorHead(payloadField: number, payloadBytes: number): Uint8Array {
  const head = new BinaryWriter().tag(TENSOR.dims, WireType.Varint).int64(payloadBytes / 4);
  head.tag(TENSOR.dataType, WireType.Varint).int64(1);
  head.tag(TENSOR.name, WireType.LengthDelimited).string('w');
  const fields = head.tag(payloadField, WireType.LengthDelimited).uint32(payloadBytes).finish();
  const outer = new BinaryWriter().tag(GRAPH.initializer, WireType.LengthDelimited);
  return Buffer.concat([outer.uint32(fields.length + payloadBytes).finish(), fields]);
}

/** A model of `count` tensors, each of `payloadBytes` in a hole of a sparse file. */
function sparseModel(count: number, payloadBytes: number, payloadField: number = TENSOR.rawData): string {
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

test.each([
  ['one tensor in raw form', 1, 2 * GIB - 2 ** 20, TENSOR.rawData],
  ['one tensor of packed floats', 1, 2 * GIB - 2 ** 20, TENSOR.floatData],
  ['five hundred tensors', 500, 4 * 2 ** 20, TENSOR.rawData],
] as const)('of a model of 2 GB with %s, under 1%% is read', (_what, count, payloadBytes, payloadField) => {
  const path = sparseModel(count, payloadBytes, payloadField);
  using file = new PositionalFile(path);
  const { weights, opsets } = readModelStructure(file);
  expect(file.size).toBeGreaterThan(1.9 * GIB);
  expect(weights.parameterCount).toBe((count * payloadBytes) / 4);
  expect(opsets).toEqual({ '': 21 });
  expect(file.bytesRead).toBeLessThan(file.size / 100);
});

test('a model of 2 GB is inspected whole, behind its weights too', () => {
  const inspection = inspectModel(sparseModel(1, 2 * GIB - 2 ** 20));
  expect(inspection.fileBytes).toBeGreaterThan(1.9 * GIB);
  expect(inspection.signature).toEqual({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1024] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1], dimensionNames: ['', 'n'] }],
  });
});

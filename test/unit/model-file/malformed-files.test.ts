import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import type { GraphSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { MODEL } from '../../../src/adapters/onnx/model-file/onnx-fields.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { mlp, mlpGraph } from '../../helpers/onnx/models.ts';
import { refusal } from '../../helpers/onnx/refusal.ts';
import { modelFile } from '../../helpers/onnx/temporary-directory.ts';

const inspectBytes = (bytes: Uint8Array | string) => () => inspectModel(modelFile(bytes));

test('an empty file is refused as such', () => {
  expect(refusal(inspectBytes(''))).toMatch(/empty/);
});

test.each([
  ['a text', 'this is not a model at all\n'],
  ['a page', '<!doctype html><html><body>404</body></html>'],
  ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
  ['an archive', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0)],
  ['zeros', new Uint8Array(10_000)],
  ['ones', new Uint8Array(10_000).fill(0xff)],
])('%s is refused', (_what, bytes) => {
  expect(refusal(inspectBytes(bytes))).toMatch(/ONNX/);
});

test('a protobuf without a graph is refused', () => {
  const bytes = new BinaryWriter().tag(MODEL.irVersion, WireType.Varint).int64(8).finish();
  expect(refusal(inspectBytes(bytes))).toMatch(/no graph/);
});

test('a model that is cut off anywhere is refused', () => {
  const whole = mlp();
  // Behind the graph come the operator sets, whose loss only the runtime notices.
  for (let length = 0; length < whole.length - 10; length += 1) {
    expect(refusal(inspectBytes(whole.subarray(0, length)))).not.toBe('');
  }
});

test('a graph that claims more bytes than the file has is refused', () => {
  const bytes = new BinaryWriter().tag(MODEL.graph, WireType.LengthDelimited).uint32(0xffffffff).finish();
  expect(refusal(inspectBytes(bytes))).toMatch(/longer than what holds it/);
  const negative = new BinaryWriter().tag(MODEL.graph, WireType.LengthDelimited).int64(-5).finish();
  expect(refusal(inspectBytes(negative))).toMatch(/length is impossible/);
});

test('two graphs are refused', () => {
  expect(refusal(inspectBytes(Buffer.concat([mlp(), mlp()])))).toMatch(/second graph/);
});

test('a tensor with an impossible shape is refused by name', () => {
  const graph = mlpGraph(4, 8, 3, 1);
  for (const shape of [[-1], [2 ** 40, 2 ** 40]]) {
    const initializers = [{ name: 'huge', datatype: 'FP32' as const, shape, data: new Float32Array(1) }];
    expect(refusal(inspectBytes(modelProto({ graph: { ...graph, initializers } })))).toMatch(
      /"huge".*impossible shape/,
    );
  }
});

test('graphs nested without end are refused', () => {
  let graph: GraphSpec = { nodes: [], inputs: [], outputs: [] };
  for (let depth = 0; depth < 40; depth += 1) {
    graph = { ...graph, nodes: [{ op: 'If', inputs: [], outputs: [], attributes: { then_branch: { graph } } }] };
  }
  expect(refusal(inspectBytes(modelProto({ graph })))).toMatch(/deeper/);
});

test('a name of megabytes is refused', () => {
  const graph = {
    ...mlpGraph(4, 8, 3, 1),
    inputs: [{ name: 'x'.repeat(70_000), datatype: 'FP32' as const, shape: [1] }],
  };
  expect(refusal(inspectBytes(modelProto({ graph })))).toMatch(/more than 65536 bytes/);
});

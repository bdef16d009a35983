import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { floatTensor, type GraphSpec, integerTensor } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { readModelStructure } from '../../../src/adapters/onnx/model-file/model-structure.ts';
import { GRAPH, MODEL, TENSOR } from '../../../src/adapters/onnx/model-file/onnx-fields.ts';
import { PositionalFile } from '../../../src/adapters/onnx/model-file/positional-file.ts';
import { prepareModel } from '../../../src/adapters/onnx/model-file/prepare-model.ts';
import { planMove, writeWeights } from '../../../src/adapters/onnx/model-file/shared-weights.ts';
import { modelProto, nodeProto, valueInfoProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { mlp, mlpGraph, withExternalData, zipmapClassifier, zipmapSpec } from '../../helpers/onnx/models.ts';
import { seededFloats } from '../../helpers/onnx/seeded.ts';
import { delimited, sparseModel, tensorHead } from '../../helpers/onnx/sparse-model.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

const MIB = 2 ** 20;

/** Prepares a model in this process, in directories of its own. */
function share(path: string, rewriteDir = temporaryDirectory()) {
  const scratchDir = join(rewriteDir, '.preparing');
  mkdirSync(scratchDir);
  return { rewriteDir, prepared: prepareModel(path, { rewriteDir, scratchDir }, { shareWeights: true }) };
}

/** What a model says of its external tensors. */
function externalsOf(path: string) {
  using file = new PositionalFile(path);
  return readModelStructure(file).weights.external;
}

const bytesOf = (values: Float32Array | BigInt64Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** A model whose initializers are these bytes. */
function rawModel(initializers: readonly Uint8Array[]): string {
  const graph = Buffer.concat([
    ...initializers,
    delimited(GRAPH.node, nodeProto({ op: 'Identity', inputs: ['x'], outputs: ['y'] })),
    delimited(GRAPH.input, valueInfoProto({ name: 'x', datatype: 'FP32', shape: [-1, 4] })),
    delimited(GRAPH.output, valueInfoProto({ name: 'y', datatype: 'FP32', shape: [-1, 4] })),
  ]);
  return modelFile(delimited(MODEL.graph, graph));
}

/** The field of an initializer, from the fields of its tensor. */
const initializer = (write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return delimited(GRAPH.initializer, writer.finish());
};

test('large weights move byte for byte to a file beside the model, each to pages of its own', () => {
  const path = modelFile(mlp(64, 600, 32));
  const { rewriteDir, prepared } = share(path);
  const directory = join(realpathSync(rewriteDir), `${prepared.digest}-shared`);
  expect(prepared.path).toBe(join(directory, 'model.onnx'));
  expect(prepared.sharedFiles).toEqual([join(directory, 'weights.bin')]);
  expect(readdirSync(directory).toSorted()).toEqual(['model.onnx', 'weights.bin']);
  const weights = readFileSync(join(directory, 'weights.bin'));
  const [w1, , w2] = mlpGraph(64, 600, 32, 1).initializers ?? [];
  const moved = externalsOf(prepared.path);
  // The two biases are of 2400 and 128 bytes.
  expect(moved.map(({ tensorName, offset }) => [tensorName, offset])).toEqual([
    ['w1', 0],
    ['w2', 196_608],
  ]);
  for (const [index, tensor] of [w1, w2].entries()) {
    const { offset = -1, length = 0 } = moved[index] ?? {};
    if (tensor === undefined || !('data' in tensor) || !(tensor.data instanceof Float32Array))
      throw new Error('no data');
    expect(weights.subarray(offset, offset + length).equals(bytesOf(tensor.data))).toBe(true);
  }
});

test('beyond the place of its weights the model is what it was', () => {
  const path = modelFile(mlp(64, 600, 32));
  const { prepared } = share(path);
  const { externalFiles, fileBytes, ...now } = inspectModel(prepared.path);
  expect({ ...now, externalFiles: [], fileBytes: statSync(path).size }).toEqual(inspectModel(path));
  expect(prepared.inspection).toEqual(inspectModel(path));
  expect(externalFiles.map(({ location }) => location)).toEqual(['weights.bin']);
  expect(fileBytes).toBeLessThan(5000);
});

test('a second load, and another copy of the file, find what the first one wrote', () => {
  const first = share(modelFile(mlp(64, 600, 32)));
  const before = statSync(first.prepared.path, { bigint: true });
  const second = share(modelFile(mlp(64, 600, 32)), first.rewriteDir);
  expect(second.prepared).toEqual(first.prepared);
  expect(statSync(first.prepared.path, { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
});

test('a ZipMap is taken out and the weights are moved in one go', () => {
  const spec = zipmapSpec();
  const graph: GraphSpec = {
    ...spec.graph,
    nodes: [{ op: 'MatMul', inputs: ['float_input', 'w'], outputs: ['wide'] }, ...spec.graph.nodes],
    outputs: [...spec.graph.outputs, { name: 'wide', datatype: 'FP32', shape: [-1, 512] }],
    initializers: [floatTensor('w', [4, 512], seededFloats(2048, 5))],
  };
  const { prepared } = share(modelFile(modelProto({ ...spec, graph })));
  expect(prepared.path).toMatch(/-shared\/model\.onnx$/);
  const { signature, rewrites } = inspectModel(prepared.path);
  expect(rewrites).toEqual([]);
  expect(signature).toEqual(prepared.inspection.signature);
  expect(externalsOf(prepared.path)).toMatchObject([{ tensorName: 'w', length: 8192 }]);
});

test('a ZipMap classifier that has nothing to share is rewritten as ever', () => {
  const { prepared, rewriteDir } = share(modelFile(zipmapClassifier()));
  expect(prepared.path).toBe(join(rewriteDir, prepared.digest, 'model.onnx'));
  expect(prepared.sharedFiles).toEqual([]);
});

test('a model with small weights is served from where it is', () => {
  const path = modelFile(mlp());
  const { prepared } = share(path);
  expect(prepared).toMatchObject({ path, sharedFiles: [] });
});

test('weights that are external already are mapped from where they really are', () => {
  const [directory, elsewhere] = [temporaryDirectory(), temporaryDirectory()];
  const path = withExternalData(directory);
  symlinkSync(directory, join(elsewhere, 'link'));
  const { prepared, rewriteDir } = share(join(elsewhere, 'link', 'model.onnx'));
  expect(prepared.path).toBe(join(elsewhere, 'link', 'model.onnx'));
  expect(prepared.sharedFiles).toEqual([join(directory, 'weights.bin')]);
  expect(prepared.digest).toBe(share(path).prepared.digest);
  expect(readdirSync(rewriteDir)).toEqual(['.preparing']);
});

test('packed floats are moved as raw data is', () => {
  const values = seededFloats(2048, 3);
  const path = rawModel([Buffer.concat([tensorHead(TENSOR.floatData, 8192), bytesOf(values)])]);
  const { prepared } = share(path);
  const [weights = ''] = prepared.sharedFiles ?? [];
  expect(readFileSync(weights).equals(bytesOf(values))).toBe(true);
  expect(inspectModel(prepared.path).weightBytesByDatatype).toEqual({ FP32: 8192 });
});

test('elements that do not lie as in memory, or not as many as the shape has, stay where they are', () => {
  const head = (name: string, type: number) => (writer: BinaryWriter) => {
    writer.tag(TENSOR.dims, WireType.Varint).int64(2048);
    writer.tag(TENSOR.dataType, WireType.Varint).int64(type);
    return writer.tag(TENSOR.name, WireType.LengthDelimited).string(name);
  };
  const varints = initializer((writer) => {
    head('varints', 7)(writer).tag(TENSOR.int64Data, WireType.LengthDelimited).bytes(new Uint8Array(16_384));
  });
  const cutOff = initializer((writer) => {
    head('cut_off', 1)(writer).tag(TENSOR.rawData, WireType.LengthDelimited).bytes(new Uint8Array(8000));
  });
  const inParts = initializer((writer) => {
    for (const half of [head('parts', 1)(writer), writer]) {
      half.tag(TENSOR.floatData, WireType.LengthDelimited).bytes(new Uint8Array(4096));
    }
  });
  const oneByOne = initializer((writer) => {
    const tensor = head('one_by_one', 1)(writer);
    for (let i = 0; i < 2048; i += 1) tensor.tag(TENSOR.floatData, WireType.Bit32).float(i);
  });
  // The same numbers for another type: the halves of complex ones.
  const complex = initializer((writer) => {
    head('complex', 14)(writer).tag(TENSOR.floatData, WireType.LengthDelimited).bytes(new Uint8Array(16_384));
  });
  const path = rawModel([varints, cutOff, inParts, oneByOne, complex]);
  expect(share(path).prepared).toMatchObject({ path, sharedFiles: [] });
});

test('integers in raw data are moved too, and the graph after them is read as before', () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => index - 500);
  const graph: GraphSpec = {
    nodes: [{ op: 'Gather', inputs: ['table', 'x'], outputs: ['y'] }],
    inputs: [{ name: 'x', datatype: 'INT64', shape: [-1] }],
    outputs: [{ name: 'y', datatype: 'INT64', shape: [-1] }],
    initializers: [integerTensor('table', [1000], numbers)],
  };
  const { prepared } = share(modelFile(modelProto({ graph })));
  const [weights = ''] = prepared.sharedFiles ?? [];
  expect(readFileSync(weights).equals(bytesOf(BigInt64Array.from(numbers, BigInt)))).toBe(true);
});

class WatchedFile extends PositionalFile {
  largestRead = 0;

  override bytes(start: number, end: number): Uint8Array {
    this.largestRead = Math.max(this.largestRead, end - start);
    return super.bytes(start, end);
  }
}

test('a large tensor is copied in pieces of a megabyte', () => {
  using file = new WatchedFile(sparseModel(2, 100 * MIB));
  const outPath = join(temporaryDirectory(), 'weights.bin');
  const move = planMove(file, readModelStructure(file).graph);
  expect(file.bytesRead).toBeLessThan(MIB);
  writeWeights(file, move, outPath);
  expect(statSync(outPath).size).toBe(200 * MIB);
  expect(file.largestRead).toBe(MIB);
});

test('what can not be written is told, with what to do', () => {
  const rewriteDir = temporaryDirectory();
  const scratchDir = join(rewriteDir, 'no-directory');
  writeFileSync(scratchDir, '');
  const path = modelFile(mlp(64, 600, 32));
  expect(() => prepareModel(path, { rewriteDir, scratchDir }, { shareWeights: true })).toThrow(
    expect.objectContaining({
      code: 'model_unloadable',
      message: expect.stringMatching(/ENOTDIR/),
      next: expect.stringMatching(/data directory/),
    }),
  );
});

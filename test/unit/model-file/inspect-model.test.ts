import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { floatTensor, integerTensor, type ValueSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { DATATYPES, type Datatype } from '../../../src/core/tensor/datatype.ts';
import { identity, mlp, mlpGraph, SERVABLE_DATATYPES, slow, zipmapClassifier } from '../../helpers/onnx/models.ts';
import { refusal } from '../../helpers/onnx/refusal.ts';
import { modelFile, temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

const x: ValueSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
const y: ValueSpec = { name: 'y', datatype: 'FP32', shape: [-1, 2] };
const copy = { op: 'Identity', inputs: ['x'], outputs: ['y'] };

test('names the inputs and outputs with data types and shapes, free and symbolic dimensions as -1', () => {
  const path = modelFile(
    modelProto({
      graph: {
        nodes: [copy],
        inputs: [{ name: 'x', datatype: 'INT64', shape: ['batch', -1, 3, 0] }],
        outputs: [{ name: 'y', datatype: 'BYTES', shape: [] }],
      },
    }),
  );
  expect(inspectModel(path).signature).toEqual({
    inputs: [{ name: 'x', datatype: 'INT64', shape: [-1, -1, 3, 0], dimensionNames: ['batch', '', '', ''] }],
    outputs: [{ name: 'y', datatype: 'BYTES', shape: [] }],
  });
});

test.each(SERVABLE_DATATYPES)('knows %s', (datatype) => {
  const { signature } = inspectModel(modelFile(identity(datatype)));
  expect(signature.inputs).toEqual([{ name: 'x', datatype, shape: [-1, 2] }]);
});

test('leaves out inputs that have an initializer', () => {
  const graph = mlpGraph(4, 8, 3, 1);
  const inputs: ValueSpec[] = [...graph.inputs, { name: 'w1', datatype: 'FP32', shape: [4, 8] }];
  const { signature } = inspectModel(modelFile(modelProto({ graph: { ...graph, inputs } })));
  expect(signature.inputs.map((input) => input.name)).toEqual(['x']);
});

test('reads producer, IR version and operator sets', () => {
  const graph = mlpGraph(4, 8, 3, 1);
  const opsets = { '': 19, 'ai.onnx.ml': 3 };
  const spec = { graph, opsets, irVersion: 9, producer: 'pytorch', producerVersion: '2.5' };
  expect(inspectModel(modelFile(modelProto(spec)))).toMatchObject({ producer: 'pytorch 2.5', irVersion: 9, opsets });
});

test('counts parameters and their bytes by data type', () => {
  const inspection = inspectModel(modelFile(mlp(4, 8, 3)));
  const parameters = 4 * 8 + 8 + 8 * 3 + 3;
  expect(inspection.parameterCount).toBe(parameters);
  expect(inspection.weightBytesByDatatype).toEqual({ FP32: parameters * 4 });
  expect(inspection.externalFiles).toEqual([]);
  expect(inspection.rewrites).toEqual([]);
});

const arrays: Partial<Record<Datatype, number>> = { BOOL: 1, FP16: 2, BF16: 2, FP32: 4, FP64: 8, INT8: 1, UINT64: 8 };

test.each(DATATYPES.filter((datatype) => datatype in arrays))('counts %s weights by their size', (datatype) => {
  const bytes = 6 * (arrays[datatype] ?? 0);
  const initializers = [{ name: 'w', datatype, shape: [2, 3], data: new Uint8Array(bytes) }];
  const path = modelFile(modelProto({ graph: { nodes: [copy], inputs: [x], outputs: [y], initializers } }));
  expect(inspectModel(path)).toMatchObject({ parameterCount: 6, weightBytesByDatatype: { [datatype]: bytes } });
});

test('counts string weights by the bytes of their texts', () => {
  const initializers = [{ name: 'w', datatype: 'BYTES' as const, shape: [2], data: ['ab', 'grün'] }];
  const path = modelFile(modelProto({ graph: { nodes: [copy], inputs: [x], outputs: [y], initializers } }));
  expect(inspectModel(path)).toMatchObject({ parameterCount: 2, weightBytesByDatatype: { BYTES: 7 } });
});

test('counts constants in attributes and the weights of subgraphs', () => {
  const body = { nodes: [], inputs: [], outputs: [], initializers: [floatTensor('inner', [5], [1, 2, 3, 4, 5])] };
  const constant = {
    op: 'Constant',
    inputs: [],
    outputs: ['c'],
    attributes: { value: { tensor: integerTensor('', [2], [1, 2]) } },
  };
  const branch = { op: 'If', inputs: ['c'], outputs: ['d'], attributes: { then_branch: { graph: body } } };
  const path = modelFile(modelProto({ graph: { nodes: [copy, constant, branch], inputs: [x], outputs: [y] } }));
  expect(inspectModel(path)).toMatchObject({ parameterCount: 7, weightBytesByDatatype: { FP32: 20, INT64: 16 } });
});

test('looks through a loop to the outer graph', () => {
  expect(inspectModel(modelFile(slow())).signature.inputs).toMatchObject([
    { name: 'x', datatype: 'INT64', shape: [-1] },
  ]);
});

test('describes a ZipMap model as it will be served, with its labels', () => {
  const inspection = inspectModel(modelFile(zipmapClassifier()));
  expect(inspection.signature.outputs).toEqual([
    { name: 'output_label', datatype: 'BYTES', shape: [-1] },
    { name: 'output_probability', datatype: 'FP32', shape: [-1, 3] },
  ]);
  expect(inspection.rewrites).toEqual([expect.stringMatching(/output_probability.*setosa, versicolor, virginica/)]);
  expect(inspection.labels).toEqual({ output_probability: ['setosa', 'versicolor', 'virginica'] });
});

const maps: ValueSpec = { name: 'scores', sequenceOfMaps: { key: 'INT64', value: 'FP32' } };
const cases: readonly [why: string, graph: Parameters<typeof modelProto>[0]['graph'], reason: RegExp][] = [
  ['no inputs', { nodes: [copy], inputs: [], outputs: [y] }, /no inputs/],
  ['no outputs', { nodes: [copy], inputs: [x], outputs: [] }, /no outputs/],
  ['an input that is a sequence', { nodes: [copy], inputs: [maps], outputs: [y] }, /Input "scores".*sequence/],
  [
    'an output that is a sequence and comes from no ZipMap',
    { nodes: [copy], inputs: [x], outputs: [y, maps] },
    /Output "scores".*sequence/,
  ],
  [
    'an input of BF16, which the runtime can not be fed',
    { nodes: [copy], inputs: [{ ...x, datatype: 'BF16' }], outputs: [y] },
    /Input "x".*BF16/,
  ],
];

test.each(cases)('refuses a graph with %s', (_why, graph, reason) => {
  expect(refusal(() => inspectModel(modelFile(modelProto({ graph }))))).toMatch(reason);
});

test('refuses a file that is not there, and a directory', () => {
  const directory = temporaryDirectory();
  mkdirSync(`${directory}/folder.onnx`);
  expect(refusal(() => inspectModel(`${directory}/absent.onnx`))).toMatch(/ENOENT/);
  expect(refusal(() => inspectModel(`${directory}/folder.onnx`))).toMatch(/not a regular file/);
});

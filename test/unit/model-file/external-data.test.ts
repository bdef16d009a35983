import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import type { ExternalTensor, GraphSpec } from '../../../src/adapters/onnx/model-file/model-spec.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { mlpGraph, withExternalData } from '../../helpers/onnx/models.ts';
import { refusal } from '../../helpers/onnx/refusal.ts';
import { temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

function modelWith(
  directory: string,
  change: (tensor: ExternalTensor) => Partial<GraphSpec>,
  location: string,
): string {
  const tensor: ExternalTensor = { name: 'far', datatype: 'FP32', shape: [4], external: { location } };
  const path = join(directory, 'model.onnx');
  writeFileSync(path, modelProto({ graph: { ...mlpGraph(4, 8, 3, 1), ...change(tensor) } }));
  return path;
}

const asInitializer = (tensor: ExternalTensor): Partial<GraphSpec> => ({ initializers: [tensor] });
const asConstant = (tensor: ExternalTensor): Partial<GraphSpec> => ({
  nodes: [{ op: 'Constant', inputs: [], outputs: ['c'], attributes: { value: { tensor } } }],
});
const inSubgraph = (tensor: ExternalTensor): Partial<GraphSpec> => ({
  nodes: [
    {
      op: 'If',
      inputs: ['x'],
      outputs: ['c'],
      attributes: { then_branch: { graph: { nodes: [], inputs: [], outputs: [], initializers: [tensor] } } },
    },
  ],
});

/** A model directory inside another one, which has a file that the model must not reach. */
function directories(): { outer: string; inner: string } {
  const outer = temporaryDirectory();
  const inner = join(outer, 'model');
  mkdirSync(inner);
  writeFileSync(join(outer, 'secret.bin'), new Uint8Array(64));
  return { outer, inner };
}

test('lists files with weights, and counts the weights as parameters', () => {
  const inspection = inspectModel(withExternalData(temporaryDirectory()));
  const parameters = 4 * 8 + 8 + 8 * 3 + 3;
  expect(inspection.externalFiles).toEqual([{ location: 'weights.bin', bytes: parameters * 4 }]);
  expect(inspection.parameterCount).toBe(parameters);
  expect(inspection.weightBytesByDatatype).toEqual({ FP32: parameters * 4 });
});

test('follows a subdirectory, and a link that stays inside', () => {
  const { inner } = directories();
  mkdirSync(join(inner, 'parts'));
  writeFileSync(join(inner, 'parts', 'a.bin'), new Uint8Array(16));
  symlinkSync('parts/a.bin', join(inner, 'link.bin'));
  for (const location of ['parts/a.bin', './parts/a.bin', 'link.bin']) {
    const { externalFiles } = inspectModel(modelWith(inner, asInitializer, location));
    expect(externalFiles).toEqual([{ location, bytes: 16 }]);
  }
});

test.each([
  ['an initializer', asInitializer],
  ['a constant', asConstant],
  ['an initializer of a subgraph', inSubgraph],
])('refuses to follow %s out of the directory', (_where, change) => {
  const { outer, inner } = directories();
  symlinkSync(join(outer, 'secret.bin'), join(inner, 'link.bin'));
  symlinkSync(outer, join(inner, 'folder'));
  const locations = [
    '../secret.bin',
    'folder/../../secret.bin',
    join(outer, 'secret.bin'),
    'link.bin',
    'folder/secret.bin',
  ];
  for (const location of locations) {
    const message = refusal(() => inspectModel(modelWith(inner, change, location)));
    expect(message).toContain('"far"');
    expect(message).toContain(JSON.stringify(location));
    expect(message).toContain("outside the model's directory");
  }
});

test('refuses what the runtime would take for an address in its memory', () => {
  const { inner } = directories();
  const location = '*/_ORT_MEM_ADDR_/*';
  expect(refusal(() => inspectModel(modelWith(inner, asInitializer, location)))).toMatch(/no file name/);
});

test('refuses a location that is absent, empty or a directory', () => {
  const { inner } = directories();
  mkdirSync(join(inner, 'folder'));
  expect(refusal(() => inspectModel(modelWith(inner, asInitializer, 'absent.bin')))).toMatch(/"far".*is not there/);
  expect(refusal(() => inspectModel(modelWith(inner, asInitializer, '')))).toMatch(/"far".*no location/);
  expect(refusal(() => inspectModel(modelWith(inner, asInitializer, 'folder')))).toMatch(/"far".*regular file/);
});

test('refuses a file that is too short for its tensor', () => {
  const path = withExternalData(temporaryDirectory());
  truncateSync(join(path, '..', 'weights.bin'), 200);
  expect(refusal(() => inspectModel(path))).toMatch(/weights\.bin.*needs \d+ bytes, and the file has 200/);
});

test.each(['-1', '1e3', '99999999999999999999', 'x'])('refuses the offset %s', (offset) => {
  const { inner } = directories();
  writeFileSync(join(inner, 'a.bin'), new Uint8Array(16));
  const change = (tensor: ExternalTensor): Partial<GraphSpec> => ({
    // The standard keeps it as text, so a file can hold anything.
    initializers: [{ ...tensor, external: { ...tensor.external, offset: offset as unknown as number } }],
  });
  expect(refusal(() => inspectModel(modelWith(inner, change, 'a.bin')))).toMatch(/"far".*impossible offset/);
});

test('refuses the model itself as its data, by whatever name', () => {
  const { inner } = directories();
  symlinkSync('model.onnx', join(inner, 'alias.bin'));
  for (const location of ['model.onnx', './model.onnx', 'alias.bin']) {
    const path = modelWith(inner, asInitializer, location);
    expect(refusal(() => inspectModel(path))).toMatch(/"far".* is the model file itself/);
  }
});

test('takes a key with a byte order mark for another key, as onnxruntime does', () => {
  const { inner } = directories();
  writeFileSync(join(inner, 'inside.bin'), new Uint8Array(64));
  const misread = { location: '../secret.bin', '\uFEFFlocation': 'inside.bin' };
  const path = modelWith(inner, (tensor) => ({ initializers: [{ ...tensor, external: misread }] }), '');
  expect(refusal(() => inspectModel(path))).toMatch(/reaches outside/);
});

test('refuses a location that is not UTF-8, of which this and onnxruntime would make two names', () => {
  const { inner } = directories();
  writeFileSync(join(inner, '\uFFFD.bin'), new Uint8Array(64));
  const path = modelWith(inner, asInitializer, 'Q.bin');
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('Q.bin')] = 0xff;
  writeFileSync(path, bytes);
  expect(refusal(() => inspectModel(path))).toMatch(/is not UTF-8/);
});

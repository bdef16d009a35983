import { expect, test } from 'vitest';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { readModelStructure } from '../../../src/adapters/onnx/model-file/model-structure.ts';
import { TENSOR } from '../../../src/adapters/onnx/model-file/onnx-fields.ts';
import { PositionalFile } from '../../../src/adapters/onnx/model-file/positional-file.ts';
import { sparseModel } from '../../helpers/onnx/sparse-model.ts';

const GIB = 2 ** 30;

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

import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { elementCount } from '../../../benchmarks/models/benchmark-model.ts';
import { MODELS, modelOf, TINY } from '../../../benchmarks/models/catalog.ts';
import { CONVOLUTIONAL } from '../../../benchmarks/models/convolutional.ts';
import { seededNumbers } from '../../../benchmarks/models/seeded.ts';
import { TRANSFORMER } from '../../../benchmarks/models/transformer.ts';
import { inspectModel } from '../../../src/adapters/onnx/model-file/inspect-model.ts';
import { modelProto } from '../../../src/adapters/onnx/model-file/writer.ts';
import { temporaryDirectory } from '../../helpers/onnx/temporary-directory.ts';

it.each(MODELS)('$id gets as many elements as its input has', (model) => {
  expect(model.elements(1)).toHaveLength(elementCount(model.input.shape));
});

it('a seed gives the same numbers always, and another seed others', () => {
  expect(seededNumbers(100, 7)).toEqual(seededNumbers(100, 7));
  expect(seededNumbers(100, 7)).not.toEqual(seededNumbers(100, 8));
});

it('seeded numbers fill their range evenly', () => {
  const values = Array.from(seededNumbers(10_000, 1, 2));
  expect(values.every((value) => Math.abs(value) <= 2)).toBe(true);
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0, 1);
});

it('tokens are within the vocabulary', () => {
  expect(TRANSFORMER.elements(5).every((token) => token >= 0 && token < 4096)).toBe(true);
});

it.each([TINY, CONVOLUTIONAL])('$id is written with the signature that its requests have', (model) => {
  const path = `${temporaryDirectory()}/model.onnx`;
  writeFileSync(path, modelProto(model.build()));
  const [input] = inspectModel(path).signature.inputs;
  const { name, datatype, shape } = model.input;
  expect(input).toMatchObject({ name, datatype, shape: model.isBatchable ? [-1, ...shape.slice(1)] : shape });
});

it('a model that there is not is refused', () => {
  expect(() => modelOf('none')).toThrow('"none"');
});

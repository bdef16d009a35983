import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelSignature, TensorSpec } from '../../../src/core/model/signature.ts';
import { compareSignatures, describeDifference } from '../../../src/core/model/signature-compatibility.ts';

const spec = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  datatype: fc.constantFrom('FP32' as const, 'INT64' as const),
  shape: fc.array(fc.constantFrom(-1, 1, 3), { maxLength: 3 }),
});
const specs = fc.uniqueArray(spec, { selector: ({ name }) => name, maxLength: 3 });
const signature: fc.Arbitrary<ModelSignature> = fc.record({ inputs: specs, outputs: specs });

const freed = ({ inputs, outputs }: ModelSignature): ModelSignature => {
  const free = (one: TensorSpec) => ({ ...one, shape: one.shape.map(() => -1) });
  return { inputs: inputs.map(free), outputs: outputs.map(free) };
};

/** Whether a tensor of a shape that one spec allows is allowed by the other. */
const takes = (one: TensorSpec, shape: readonly number[]) =>
  one.shape.length === shape.length && one.shape.every((size, axis) => size === -1 || size === shape[axis]);

test('a signature is compatible with itself in any order, and with any widening of it', () => {
  fc.assert(
    fc.property(signature, (serving) => {
      const turned = { inputs: serving.inputs.toReversed(), outputs: serving.outputs.toReversed() };
      expect(compareSignatures(serving, turned, false)).toEqual({ compatible: true, differences: [] });
      const widened = compareSignatures(serving, freed(serving), false);
      expect(widened.compatible).toBe(true);
      expect(widened.differences.every(({ kind }) => kind === 'widened')).toBe(true);
    }),
  );
});

test('a version is compatible exactly when it takes every tensor that the serving one takes', () => {
  const shapes = [[], ...[1, 3, 7].flatMap((a) => [[a], ...[1, 3, 7].map((b) => [a, b])])];
  const input = spec.map((one) => ({ ...one, name: one.name < 'c' ? 'x' : 'y', shape: one.shape.slice(0, 2) }));
  fc.assert(
    fc.property(input, input, (serving, candidate) => {
      const takesAll = shapes.every((shape) => !takes(serving, shape) || takes(candidate, shape));
      const same = serving.name === candidate.name && serving.datatype === candidate.datatype;
      const of = (one: TensorSpec): ModelSignature => ({ inputs: [one], outputs: [] });
      expect(compareSignatures(of(serving), of(candidate), false).compatible).toBe(same && takesAll);
    }),
    { numRuns: 2000 },
  );
});

test('whatever differs is told in words, and a person may allow it', () => {
  fc.assert(
    fc.property(signature, signature, (serving, other) => {
      const { compatible, differences } = compareSignatures(serving, other, false);
      expect(compatible).toBe(differences.every(({ kind }) => kind === 'widened'));
      for (const difference of differences) expect(describeDifference(difference)).toContain(`"${difference.name}"`);
      expect(compareSignatures(serving, other, true)).toEqual({ compatible: true, differences });
    }),
  );
});

test('each kind of difference has its sentence', () => {
  const one = (name: string, shape: readonly number[], datatype: TensorSpec['datatype'] = 'FP32') => ({
    name,
    datatype,
    shape,
  });
  const serving = { inputs: [one('x', [-1, 4]), one('old', [])], outputs: [one('y', [2]), one('z', [-1, 3])] };
  const candidate = {
    inputs: [one('x', [1, 5], 'FP16'), one('new', [])],
    outputs: [one('y', [-1]), one('z', [3])],
  };
  expect(compareSignatures(serving, candidate, false).differences.map(describeDifference)).toEqual([
    'input "x": the data type was FP32 and is FP16',
    'input "x": dimension 0 is narrowed (from [-1, 4] to [1, 5])',
    'input "x": dimension 1 is resized (from [-1, 4] to [1, 5])',
    'input "old" is not there any more',
    'input "new" is new',
    'output "y": dimension 0 is widened (from [2] to [-1])',
    'output "z": the number of dimensions differs (from [-1, 3] to [3])',
  ]);
});

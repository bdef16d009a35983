import { formatShape } from '../tensor/shape.ts';
import type { ModelSignature, TensorSpec } from './signature.ts';

/** One way in which a version's signature differs from the serving one's. */
export type SignatureDifference = {
  readonly of: 'input' | 'output';
  readonly name: string;
} & (
  | { readonly kind: 'missing' | 'added' }
  | { readonly kind: 'datatype' | 'rank'; readonly serving: string; readonly candidate: string }
  /** `widened` from a fixed size to any, `narrowed` from any to a fixed one, `resized` from one fixed size to another. */
  | {
      readonly kind: 'widened' | 'narrowed' | 'resized';
      readonly axis: number;
      readonly serving: string;
      readonly candidate: string;
    }
);

export interface SignatureComparison {
  /** Whether the candidate may take the serving version's place. */
  readonly compatible: boolean;
  readonly differences: readonly SignatureDifference[];
}

/**
 * Compares what two versions take and give: names (in any order), data types, ranks and fixed dimensions. Only a
 * dimension that becomes free is harmless. Inputs and outputs are judged alike.
 *
 * @param allowChange a person has said that clients are ready for whatever differs; the differences are told all the same
 */
export function compareSignatures(
  serving: ModelSignature,
  candidate: ModelSignature,
  allowChange: boolean,
): SignatureComparison {
  const differences = [
    ...compareSpecs('input', serving.inputs, candidate.inputs),
    ...compareSpecs('output', serving.outputs, candidate.outputs),
  ];
  return { compatible: allowChange || differences.every(({ kind }) => kind === 'widened'), differences };
}

/** The difference as a sentence without a full stop: `input "x": dimension 1 is resized (from [-1, 4] to [-1, 3])`. */
export function describeDifference(difference: SignatureDifference): string {
  const what = `${difference.of} ${JSON.stringify(difference.name)}`;
  switch (difference.kind) {
    case 'missing':
      return `${what} is not there any more`;
    case 'added':
      return `${what} is new`;
    case 'datatype':
      return `${what}: the data type was ${difference.serving} and is ${difference.candidate}`;
    case 'rank':
      return `${what}: the number of dimensions differs (from ${difference.serving} to ${difference.candidate})`;
    default:
      return `${what}: dimension ${difference.axis} is ${difference.kind} (from ${difference.serving} to ${difference.candidate})`;
  }
}

function compareSpecs(
  of: SignatureDifference['of'],
  serving: readonly TensorSpec[],
  candidate: readonly TensorSpec[],
): readonly SignatureDifference[] {
  const candidates = new Map(candidate.map((spec) => [spec.name, spec]));
  const names = new Set(serving.map(({ name }) => name));
  return [
    ...serving.flatMap((spec): readonly SignatureDifference[] => {
      const other = candidates.get(spec.name);
      return other === undefined ? [{ of, name: spec.name, kind: 'missing' }] : compareTensors(of, spec, other);
    }),
    ...candidate.filter(({ name }) => !names.has(name)).map(({ name }) => ({ of, name, kind: 'added' }) as const),
  ];
}

function compareTensors(
  of: SignatureDifference['of'],
  serving: TensorSpec,
  candidate: TensorSpec,
): readonly SignatureDifference[] {
  const { name } = serving;
  const differences: SignatureDifference[] = [];
  if (serving.datatype !== candidate.datatype) {
    differences.push({ of, name, kind: 'datatype', serving: serving.datatype, candidate: candidate.datatype });
  }
  const shapes = { serving: formatShape(serving.shape), candidate: formatShape(candidate.shape) };
  if (serving.shape.length !== candidate.shape.length) return [...differences, { of, name, kind: 'rank', ...shapes }];
  serving.shape.forEach((dimension, axis) => {
    const kind = changeOf(dimension, candidate.shape[axis] ?? -1);
    if (kind !== undefined) differences.push({ of, name, kind, axis, ...shapes });
  });
  return differences;
}

function changeOf(serving: number, candidate: number): 'widened' | 'narrowed' | 'resized' | undefined {
  if (serving === candidate) return undefined;
  if (candidate === -1) return 'widened';
  return serving === -1 ? 'narrowed' : 'resized';
}
